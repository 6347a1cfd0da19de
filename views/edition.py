"""A file of duties as a whole version of the list: its name and days, and what it changes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import duties
from gis.datasets import Dataset
from gis.i18n import translate as _
from gis.records import lists
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.records.lists import Succession
    from views.journey import Journey

KEPT = ("name", "version", "begins", "approved_by", "document", "append")
SHOWN = 40
"""Changes that are shown at most."""


def draw(here: Journey) -> bool:
    """Draw what is asked of a version; whether the import can go on."""
    if here.dataset is not Dataset.DUTIES:
        return True
    kept, number = _kept(here), here.upload.id

    def keep() -> None:
        given = {name: st.session_state.get(f"edition-{name}-{number}", kept.get(name)) for name in KEPT}
        begins = given["begins"]
        given["begins"] = begins.isoformat() if isinstance(begins, date) else begins
        here.change(edition=given if st.session_state[f"edition-whole-{number}"] else None, failed=None)

    whole = st.checkbox(
        _("这是一整版清单:从生效之日起取代此前有效的全部事项"),
        value=here.state.get("edition") is not None,
        key=f"edition-whole-{number}",
        on_change=keep,
    )
    if not whole:
        return True
    with st.container(horizontal=True, key="intake-edition"):
        _text(here, "name", _("清单名称"), kept, keep)
        _text(here, "version", _("版本号"), kept, keep)
        st.date_input(
            _("从哪一天起生效"),
            value=date.fromisoformat(kept["begins"]) if kept.get("begins") else None,
            key=f"edition-begins-{number}",
            on_change=keep,
            width=200,
        )
        _text(here, "approved_by", _("批准单位"), kept, keep)
        _text(here, "document", _("文号或文件名称"), kept, keep)
    st.checkbox(
        _("向已有的这一版追加(例如另一张表)"),
        value=bool(kept.get("append")),
        key=f"edition-append-{number}",
        on_change=keep,
    )
    if version(here) is None:
        st.info(_("请写明清单名称、版本号和生效日期。"), icon=":material/edit:")
        return False
    return True


def version(here: Journey) -> lists.Version | None:
    """Give the version the file is; None: it is none, or not said yet which."""
    kept = _kept(here)
    if here.dataset is not Dataset.DUTIES or not all(str(kept.get(name) or "").strip() for name in KEPT[:3]):
        return None
    return lists.Version(
        name=str(kept["name"]),
        version=str(kept["version"]),
        valid_from=date.fromisoformat(kept["begins"]),
        approved_by=str(kept.get("approved_by") or ""),
        document=str(kept.get("document") or ""),
        append=bool(kept.get("append")),
    )


def lines(succession: Succession) -> list[str]:
    """Say what a version changes, a line each."""
    return [duties.told(change) for change in succession.changes]


def tell(changes: Sequence[str], ended: int) -> None:
    """Draw what a version changes."""
    st.markdown(_("与此前有效的清单相比,有 {count} 处不同;此前有效的 {ended} 项到生效前一天为止。").format(
        count=written.number(len(changes)), ended=written.number(ended)
    ))  # fmt: skip
    if changes:
        with st.expander(_("逐项查看"), expanded=len(changes) <= SHOWN):
            st.markdown("\n".join(f"- {written.plain(line, 300)}" for line in changes[:SHOWN]))
            if len(changes) > SHOWN:
                st.caption(_("只显示前 {count} 处,其余见 script/gis duties diff。").format(count=SHOWN))


def _text(here: Journey, name: str, label: str, kept: dict[str, Any], keep: Any) -> None:  # noqa: ANN401  a callback
    st.text_input(
        label, value=str(kept.get(name) or ""), key=f"edition-{name}-{here.upload.id}", on_change=keep, width=200
    )


def _kept(here: Journey) -> dict[str, Any]:
    return dict(here.state.get("edition") or {})
