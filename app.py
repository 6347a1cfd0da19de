"""The web application: pages, routes beside them, and what lives as long as the process.

Started by ``streamlit run app.py``; one process and one port serve the pages, the tiles,
the map style, the browser assets and the health check.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402  the root goes on the path first
from starlette.middleware import Middleware  # noqa: E402  same

from server.gate import Gate  # noqa: E402  same
from server.headers import SecurityHeaders  # noqa: E402  same
from server.lifespan import lifespan  # noqa: E402  same
from server.routes import ROUTES  # noqa: E402  same
from server.routes import Shortcut  # noqa: E402  same

_log = logging.getLogger("gridatlas.views")


def explain(error: Exception) -> bool:
    """Show one sentence for what no page caught; the details are in the log.

    Returns
    -------
    bool
        True: Streamlit shows no message of its own.
    """
    from gis.errors import GridAtlasError  # noqa: PLC0415  only when something went wrong
    from gis.i18n import translate as _  # noqa: PLC0415  same
    from views import actor  # noqa: PLC0415  same
    from views import fragment  # noqa: PLC0415  same

    _log.error("a page failed", exc_info=error)
    fragment.speak()
    if isinstance(error, actor.SessionOver):
        fragment.over(error)
    elif isinstance(error, GridAtlasError):
        fragment.trouble(error.message, error.remedy)
    else:
        fragment.trouble(_("页面出错了,原因已记入日志。"), _("请重试;若仍不行,请把日志交给管理员。"))
    return True


app = st.App(
    ROOT / "views" / "home.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(SecurityHeaders), Middleware(Gate), Middleware(Shortcut)],
    on_script_error=explain,
)
