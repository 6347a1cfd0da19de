"""The clock of a case: which stage runs out first and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import limits
from gis.i18n import translate as _
from views import format as written
from views import headline
from views.docket import signs

if TYPE_CHECKING:
    from gis.casework.files import Casefile


def draw(case: Casefile) -> None:
    """Draw the clock of a case."""
    if case.due_at is None:
        st.markdown(_("现在没有在走的时限:案件已结、已挂起,或时限表没有这一类。"))
        return
    headline.facts(
        [
            (_("最先到期的环节"), limits.stage(case.stage) if case.stage else written.NO_FIGURE),
            (_("到期"), written.moment(case.due_at)),
            (_("还有"), signs.left(case)),
            (_("从何时起算临期"), written.moment(case.warn_at)),
        ]
    )
