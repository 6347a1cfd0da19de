"""Who looks at the page: the person behind the session of the browser.

The gate has let the browser in and closes its websocket when the session is over; what runs
in between asks here, so that every query works in the name, and with the rights, of now. A
thread that works on takes its actor along from the run that started it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from gis.errors import GridAtlasError
from server import csrf
from server import visitors

if TYPE_CHECKING:
    from gis.access.sessions import Visitor
    from gis.vocabulary import Actor

_SESSION = "gridatlas-session"
LOOPBACK = "127.0.0.1"
"""What the toolkit leaves out of its addresses."""


class SessionOver(GridAtlasError):
    """The session behind an open page has ended."""

    template = "登录已结束(超时、在别处退出,或账号有变动)。"
    cure = "请重新登录;填好还没有提交的内容,请先抄下来。"
    http_status = 401


def visitor() -> Visitor:
    """Give who looks at this page.

    Raises
    ------
    SessionOver
        Nobody, any more.
    """
    found = visitors.person(_token())
    if found is None or found.must_change:
        raise SessionOver
    return found


def current() -> Actor:
    """Give the actor this run of the page works for.

    Raises
    ------
    SessionOver
        The session has ended.
    """
    return visitor().actor(origin=st.context.ip_address or LOOPBACK)


def settle() -> None:
    """Begin with an empty desk when another session has come to an old page: nothing of the last one stays."""
    number = visitor().session
    if st.session_state.get(_SESSION, number) != number:
        st.session_state.clear()
    st.session_state[_SESSION] = number


def mark(form: str) -> str:
    """Make the token of a form on the page, which the gate's routes want."""
    return csrf.token(form, _token())


def way_back() -> str:
    """Address of the sign-in page that leads back to this one."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in st.query_params.to_dict().items())
    path = (st.context.url or "").split("/", 3)[-1].split("?")[0] if (st.context.url or "").count("/") >= 3 else ""  # noqa: PLR2004  scheme://host/path
    here = f"/{path}" + (f"?{query}" if query else "")
    return f"/auth/login?why=over&next={quote(here, safe='/')}"


def _token() -> str:
    return st.context.cookies.get(visitors.COOKIE, "")
