"""What every page and every fragment of one needs around it: the language, and a sentence instead of a traceback.

A fragment reruns without the entry script, in a thread of its own, so the language is set
here again. A mistake we can explain is shown beside what it stopped, with its remedy and a
button that tries again; anything else goes to the log and the reader gets one sentence.
"""

from __future__ import annotations

import functools
import logging
from html import escape
from typing import TYPE_CHECKING
from typing import Any
from typing import ParamSpec
from typing import TypeVar

import streamlit as st

from gis.errors import GridAtlasError
from gis.i18n import LOCALES
from gis.i18n import set_language
from gis.i18n import translate as _
from views import actor
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGE = "lang"
"""Query parameter and session key of the language: ``zh`` or ``en``."""

_log = logging.getLogger("gridatlas.views")
P = ParamSpec("P")
T = TypeVar("T")


def speak() -> str:
    """Set the language of this run from the URL, else from the session; Chinese by default.

    Returns
    -------
    str
        ``zh_CN`` or ``en``.
    """
    wanted = st.query_params.get(LANGUAGE) or st.session_state.get(LANGUAGE) or "zh"
    code = "en" if wanted == "en" else "zh_CN"
    assert code in LOCALES
    st.session_state[LANGUAGE] = "en" if code == "en" else "zh"
    set_language(code)
    return code


def guarded(draw: Callable[P, T]) -> Callable[P, T | None]:
    """Wrap a page (or a part of one) so that a mistake becomes a sentence with a remedy."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T | None:
        speak()
        try:
            return draw(*args, **kwargs)
        except actor.SessionOver as error:
            over(error)
        except GridAtlasError as error:
            _log.warning("%s: %s", draw.__name__, error)
            trouble(error.message, error.remedy)
        except Exception:  # noqa: BLE001 - whatever went wrong, the page stays and says so
            _log.exception("page part %s failed", draw.__name__)
            trouble(
                _("这一部分没有显示出来,原因已记入日志。"),
                _("请重试;若仍不行,请把日志交给管理员。"),
            )
        return None

    return wrapper


def part(draw: Callable[P, Any]) -> Callable[P, Any]:
    """Make a guarded fragment: a part of a page that reruns by itself."""
    return st.fragment(guarded(draw))  # type: ignore[no-any-return]


def every(seconds: float, draw: Callable[P, Any]) -> Callable[P, Any]:
    """Make a guarded fragment that draws itself again after some seconds, until the page no longer draws it."""
    return st.fragment(guarded(draw), run_every=seconds)  # type: ignore[no-any-return]


def tell(place: str, act: Callable[[], str]) -> bool:
    """Do something and keep what it says for :func:`told`; a refusal is kept as well.

    Returns
    -------
    bool
        Whether it was done.
    """
    key = f"told-{place}"
    try:
        st.session_state[key] = (True, act(), "")
    except actor.SessionOver:
        raise
    except GridAtlasError as error:
        _log.warning("%s: %s", place, error)
        st.session_state[key] = (False, error.message, error.remedy)
    return bool(st.session_state[key][0])


def told(place: str) -> None:
    """Show once what the last act at a place said: done as a toast, a refusal beside what caused it."""
    done, sentence, remedy = st.session_state.pop(f"told-{place}", (True, "", ""))
    if sentence and done:
        st.toast(sentence, icon=":material/check:")
    elif sentence:
        refused(sentence, remedy)


def refused(sentence: str, remedy: str) -> None:
    """Show a mistake where it was made: what is wrong and what to do; both are foreign text."""
    st.error(f"**{written.plain(sentence)}**  \n{written.plain(remedy)}", icon=":material/error:")


def over(error: actor.SessionOver) -> None:
    """Say that the session behind the page has ended, with the way back in."""
    with st.container(key="over"):
        st.error(f"**{error.message}**  \n{error.remedy}", icon=":material/lock:")
        st.html(f'<a class="ga-way-in" href="{escape(actor.way_back())}" target="_self">{escape(_("重新登录"))}</a>')


def trouble(sentence: str, remedy: str) -> None:
    """Show a mistake: what is wrong, what to do, and a button that tries again."""
    with st.container(key="trouble"):
        st.error(f"**{sentence}**  \n{remedy}", icon=":material/error:")
        if st.button(_("重试"), key="retry", icon=":material/refresh:"):
            st.rerun()
