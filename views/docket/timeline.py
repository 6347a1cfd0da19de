"""What happened to a case, newest first: who, when, what came out, with the pictures of each step."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import kinds
from gis.casework import links
from gis.casework import words
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Act
from views import format as written
from views.docket import pictures
from views.docket import signs

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.casework.files import Casefile
    from gis.casework.files import Event
    from gis.casework.forms import Ask
    from views.docket.source import Desk

LATE_NOTE_S = 600
"""Seconds between a step and its writing from which on both times are said."""


def draw(desk: Desk, case: Casefile) -> None:
    """Draw the steps of a case."""
    before = [None, *(event.state for event in desk.history)]
    with st.container(key="past"):
        for place in range(len(desk.history) - 1, -1, -1):
            event = desk.history[place]
            st.html(f'<ol class="ga-past">{_line(case, event, changed=before[place] != event.state)}</ol>')
            shown = [photo for photo in desk.photos if photo.event_id == event.id]
            if shown:
                pictures.strip(shown)


def _line(case: Casefile, event: Event, *, changed: bool) -> str:
    name = _("系统") if event.who.startswith("job:") else event.who
    who = " · ".join(part for part in (name, event.unit, written.moment(event.at)) if part)
    said = [f"<li><b>{written.html(event.act_text)}</b>"]
    if changed:
        said.append(f" → {written.html(event.state_text)}")
    said.append(f" <span>{written.html(who)}</span>")
    if (event.created_at - event.at).total_seconds() > LATE_NOTE_S and event.act != Act.IMPORT:
        when = _("{moment} 补录").format(moment=written.moment(event.created_at))
        said.append(f" <span>({written.html(when)})</span>")
    if event.note:
        said.append(f"<p>{written.html(event.note)}</p>")
    rest = [f"{label}:{value}" if label else value for label, value in details(case.kind, event)]
    if rest:
        said.append(f"<p><span>{written.html(' · '.join(rest))}</span></p>")
    said.append("</li>")
    return "".join(said)


def details(kind: str, event: Event) -> list[tuple[str, str]]:
    """Write what an event keeps besides its note: label and value."""
    asks = {ask.name: ask for ask in kinds.fields(kind, event.act)}
    rows = []
    for name, value in event.data.items():
        if value in (None, "", [], {}):
            continue
        if name in asks and name not in {"units", "handler"}:
            rows.append(("" if name == "result" else asks[name].label, _answer(asks[name], value)))
        else:
            rows += _own(kind, name, value)
    return rows


def _answer(ask: Ask, value: Any) -> str:  # noqa: ANN401  whatever was answered
    names = dict(ask.choices)
    if ask.type == "flag":
        return _("是") if value else _("否")
    if isinstance(value, list):
        return joined(names.get(str(part), str(part)) for part in value)
    return names.get(str(value), str(value))


def _own(kind: str, name: str, value: Any) -> list[tuple[str, str]]:  # noqa: ANN401  JSON
    """Write what the flow itself keeps; what it keeps for itself alone stays unsaid."""
    if name in {"was", "is"} and isinstance(value, dict):
        label = _("原为") if name == "was" else _("现为")
        parts = (str(part) for key, part in value.items() if key != "point" and part not in (None, ""))
        return [(label, joined(parts))] if value.keys() - {"point"} else []
    written_as: dict[str, Callable[[], tuple[str, str] | None]] = {
        "result": lambda: ("", words.result(str(value))) if str(value) in words.RESULTS else None,
        "units": lambda: (_("单位"), joined(map(str, value))),
        "handler": lambda: (_("经办人"), str(value)),
        "level": lambda: (_("等级"), signs.level(kind, int(value)) or str(value)),
        "self": lambda: ("", _("当场处置")),
        "other": lambda: (_("案件"), str(value)),
        "into_code": lambda: (_("并入"), str(value)),
        "merged": lambda: (_("并入了"), str(value)),
        "relation": lambda: ("", _("取消关联") if value == links.APART else words.relation(str(value))),
    }
    found = written_as[name]() if name in written_as else None
    return [] if found is None else [found]
