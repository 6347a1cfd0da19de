"""Whistles of a case (吹哨报到): blow one, approve it, sign in, refuse and arbitrate, report the result, rate it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import resolver
from gis.casework import whistle as whistling
from gis.casework.forms import Ask
from gis.casework.whistle import files as kept
from gis.casework.whistle import flow
from gis.casework.whistle import words
from gis.casework.whistle.errors import Overtaken
from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Occasion
from gis.vocabulary import WhistleAct
from gis.vocabulary import WhistleKind
from views import actor
from views import browser
from views import format as written
from views import fragment
from views import headline
from views.docket import forms
from views.docket import signs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gis.casework.files import Casefile
    from gis.casework.whistle import Whistle
    from gis.casework.whistle.files import Event
    from gis.casework.whistle.files import Unit
    from views.docket.source import Desk

DOING = "whistle-doing"
"""Session key of the form that is open: (number of a whistle, act, number of the last event its visitor had seen); (0,
number of a case): a new one. See the same key of ``acts``."""
NEW = "blow"
PLACE = "whistle"
TITLE = 60
FIRST = frozenset({WhistleAct.APPROVE, WhistleAct.ARRIVE, WhistleAct.HANDLE, WhistleAct.RATE, WhistleAct.ARBITRATE})
"""Acts on the straight way: these stand out."""


def draw(desk: Desk, case: Casefile) -> None:
    """Draw the whistles of a case, the newest first, and the way to blow one."""
    with session(actor.current()) as conn:
        found = [
            (whistle, whistling.history(conn, whistle.id), whistling.possible(conn, whistle))
            for whistle in whistling.of_case(conn, case.code)
        ]
    roles = frozenset(actor.visitor().roles)
    kinds = [kind for kind in WhistleKind if roles & kept.BLOWERS[kind]]
    if not found:
        st.markdown(_("这个案件还没有吹过哨。自己处置不了、需要其他单位到场时吹哨。"))
    doing = st.session_state.get(DOING)
    if doing is None:
        fragment.told(PLACE)
    if kinds and case.flow.open:
        if doing == (0, case.incident_id):
            _blowing(desk, case, kinds)
        else:
            st.button(
                f"{signs.WHISTLE} {_('吹哨')}", key="whistle-new", on_click=_begin, args=(case, kinds),
                type="primary" if not found else "secondary",
            )  # fmt: skip
    for whistle, history, possible in found:
        with st.container(key=f"whistle-{whistle.id}"):
            _one(whistle, history, possible)


def _one(whistle: Whistle, history: list[Event], possible: dict[WhistleAct, tuple[str, ...]]) -> None:
    badges = [f":gray-badge[{written.plain(whistle.state_text)}]"]
    if whistle.late:
        badges.append(f":orange-badge[{written.plain(_('逾期未到'))}]")
    st.markdown(f"**{signs.WHISTLE} {written.plain(whistle.title, TITLE)}** {' '.join(badges)}")
    rows = [
        (_("编号"), whistle.code),
        (words.kind(whistle.kind), words.occasion(whistle.occasion)),
        (_("吹哨人"), whistle.blower or written.NO_FIGURE),
        (_("批准人"), whistle.approver or written.NO_FIGURE),
        (_("要求到场"), written.moment(whistle.wanted_at)),
        *(_unit(unit) for unit in whistle.units),
    ]
    if whistle.rating:
        rows.append((_("评价"), words.result(whistle.rating)))
    headline.facts(rows)
    st.markdown(f":gray[{written.plain(_('自行处置情况:{effort}').format(effort=whistle.effort))}]")
    st.html(f'<ol class="ga-past">{"".join(_line(event) for event in reversed(history))}</ol>')
    doing = st.session_state.get(DOING)
    if doing is not None and doing[0] == whistle.id and doing[1] in possible:
        _form(whistle, doing[1], possible[doing[1]])
    elif doing is not None and doing[0] == whistle.id:
        fragment.told(PLACE)
    with st.container(key=f"whistle-acts-{whistle.id}", horizontal=True, gap="small"):
        for act in possible:
            st.button(
                words.act(act), key=f"whistle-{act}-{whistle.id}", on_click=_open, args=(whistle, act),
                type="primary" if act in FIRST and doing is None else "secondary",
            )  # fmt: skip


def _unit(unit: Unit) -> tuple[str, str]:
    part = _("牵头") if unit.part == "lead" else _("配合")
    said = [words.standing(unit.standing)]
    if unit.arrived_at is not None:
        said.append(written.moment(unit.arrived_at))
    if unit.away_m is not None:
        said.append(_("距现场 {length}").format(length=written.length(unit.away_m)))
    said += [words.doubt(doubt) for doubt in unit.doubts]
    said += [part for part in (unit.answer, unit.refusal) if part]
    return f"{part} {unit.unit}", " · ".join(said)


def _line(event: Event) -> str:
    said = [f"<li><b>{written.html(event.act_text)}</b> <span>"]
    said.append(written.html(" · ".join(part for part in (event.unit, event.who, written.moment(event.at)) if part)))
    said.append("</span>")
    result = event.data.get("result")
    told = [words.result(str(result)) if result else "", event.note]
    if any(told):
        said.append(f"<p>{written.html(' · '.join(part for part in told if part))}</p>")
    return "".join([*said, "</li>"])


# blowing -----------------------------------------------------------------------------------------


def _begin(case: Casefile, kinds: list[WhistleKind]) -> None:
    """Open the form of a new whistle, filled with what the case knows, or else the duty list of its day."""
    st.session_state[DOING] = (0, case.incident_id)
    lead, assists = case.terms.get("lead") or "", list(case.terms.get("assists") or ())
    if not case.units and not lead:
        lead, assists = _listed(case)
    filled: dict[str, Any] = {
        "kind": kinds[-1].value,
        "occasion": Occasion.PROBLEM.value,
        "title": case.title or case.category,
        "lead": (case.units or [lead])[0] or None,
        "assists": case.units[1:] or assists,
    }
    for name, value in filled.items():
        st.session_state[f"{NEW}.{name}"] = value


def _listed(case: Casefile) -> tuple[str, list[str]]:
    """Give the units the duty list names for a case that was not given out yet."""
    point = None if case.longitude is None or case.latitude is None else (case.longitude, case.latitude)
    with session(actor.current()) as conn:
        answer = resolver.resolve(conn, point, case.kind, case.category, case.occurred_at or written.today(), case.area)
    return answer.lead, list(answer.assists)


def _asks(kinds: Iterable[WhistleKind]) -> tuple[Ask, ...]:
    return (
        Ask(
            "kind", "choice", _("谁吹谁"), required=True,
            choices=tuple((kind.value, words.kind(kind)) for kind in kinds),
        ),
        Ask(
            "occasion", "choice", _("情形"), required=True,
            choices=tuple((occasion.value, words.occasion(occasion)) for occasion in Occasion),
        ),
        Ask("title", "text", _("什么事"), required=True),
        Ask("effort", "long", _("自行处置情况"), required=True, hint=_("吹哨前自己做了什么、为什么办不了")),
        Ask("wanted", "moment", _("要求到场时间"), hint=_("不填则按情形的规定时间")),
    )  # fmt: skip


def _blowing(desk: Desk, case: Casefile, kinds: list[WhistleKind]) -> None:
    with st.container(key="whistle-form"):
        st.markdown(f"**{signs.WHISTLE} {_('吹哨')}**")
        fragment.told(PLACE)
        forms.draw(_asks(kinds), NEW)
        known = list(dict.fromkeys([*case.units, *desk.ground.units]))
        for name in ("lead", "assists"):
            held = st.session_state.get(f"{NEW}.{name}") or []
            known += [unit for unit in ([held] if isinstance(held, str) else held) if unit not in known]
        st.selectbox(
            _("牵头单位"),
            known,
            key=f"{NEW}.lead",
            index=None,
            accept_new_options=True,
            placeholder=_("选择或输入单位"),
        )
        st.multiselect(
            _("配合单位(可不填)"), known, key=f"{NEW}.assists", accept_new_options=True, placeholder=_("选择或输入单位")
        )
        with st.container(horizontal=True):
            st.button(_("吹哨"), key="whistle-send", type="primary", on_click=_blow, args=(case, kinds))
            st.button(_("取消"), key="whistle-cancel", type="tertiary", on_click=_close)


def _blow(case: Casefile, kinds: list[WhistleKind]) -> None:
    fragment.speak()

    def doing() -> str:
        data = forms.read(_asks(kinds), NEW)
        wanted = data.get("wanted")
        draft = whistling.Draft(
            kind=data["kind"], occasion=data["occasion"], title=data["title"], effort=data["effort"],
            lead=forms.value(NEW, "lead") or "", assists=tuple(forms.value(NEW, "assists") or ()),
            wanted_at=None if wanted is None else wanted.replace(tzinfo=written.ZONE), incident=case.code,
        )  # fmt: skip
        whistle = whistling.blow(actor.current(), draft)
        return _("已吹哨 {code}:{state}。").format(code=whistle.code, state=whistle.state_text)

    if fragment.tell(PLACE, doing):
        forms.forget(NEW)
        _close()


# acts --------------------------------------------------------------------------------------------


def _open(whistle: Whistle, act: WhistleAct) -> None:
    st.session_state[DOING] = (whistle.id, act, whistle.seq)


def _close() -> None:
    st.session_state.pop(DOING, None)


def _of(whistle: Whistle, act: WhistleAct, units: tuple[str, ...]) -> tuple[Ask, ...]:
    """Give what an act on a whistle asks besides its words."""
    asks: list[Ask] = []
    if len(units) > 1:
        asks.append(Ask("unit", "choice", _("单位"), required=True, choices=tuple((unit, unit) for unit in units)))
    if act is WhistleAct.RATE:
        asks.append(Ask("result", "choice", _("评价"), required=True, choices=_results(flow.RATINGS)))
    if act is WhistleAct.ARBITRATE:
        asks.append(Ask("result", "choice", _("裁定"), required=True, choices=_results(flow.RULINGS)))
        others = tuple((unit, unit) for unit in whistle.names if unit not in units)
        asks.append(
            Ask(
                "lead",
                "choice" if others else "text",
                _("接替牵头的单位"),
                choices=others,
                when=("result", ("excused",)),
            )
        )
    return tuple(asks)


def _results(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, words.result(value)) for value in values)


def _form(whistle: Whistle, act: WhistleAct, units: tuple[str, ...]) -> None:
    form = f"whistle-{whistle.id}-{act}"
    with st.container(key="whistle-form"):
        st.markdown(
            f"**{written.plain(words.act(act))}** {written.plain(joined(units[:1]) if len(units) == 1 else '')}"
        )
        fragment.told(PLACE)
        place = _here() if act is WhistleAct.ARRIVE else None
        forms.draw(_of(whistle, act, units), form)
        told = flow.STEPS[act].told
        label = words.what(told) if told else _("情况(可不填)")
        st.text_area(label, key=f"{form}.:note", max_chars=forms.LONGEST, height=76)
        with st.container(horizontal=True):
            st.button(
                words.act(act),
                key="whistle-send",
                type="primary",
                on_click=_do,
                args=(whistle, act, units, form, place),
            )
            st.button(_("取消"), key="whistle-cancel", type="tertiary", on_click=_close)


def _here() -> tuple[float, float] | None:
    """Ask where whoever signs in stands."""
    found = browser.place(
        key="whistle-place",
        data={
            "ask": _("用当前位置签到"),
            "waiting": _("正在定位"),
            "none": _("没有取得定位;没有位置的签到会被问到。"),
            "known": _("已定位") if getattr(st.session_state.get("whistle-place"), "place", None) else "",
        },
        default={"place": None},
        on_place_change=lambda: None,
    )
    place = getattr(found, "place", None)
    return (place[0], place[1]) if place else None


def _do(
    whistle: Whistle, act: WhistleAct, units: tuple[str, ...], form: str, place: tuple[float, float] | None
) -> None:
    fragment.speak()
    seen = st.session_state[DOING][2]

    def doing() -> str:
        data = forms.read(_of(whistle, act, units), form)
        unit = str(data.pop("unit", "")) or joined(units[:1])
        note = st.session_state.get(f"{form}.:note", "")
        try:
            after = whistling.act(
                actor.current(), whistle.id, act, expected=seen, note=note, data=data, geom=place, unit=unit
            )
        except Overtaken:
            with session(actor.current()) as conn:  # the page shows next what he was told of now
                _open(whistling.get(conn, whistle.id), act)
            raise
        return _("{act}已记入,现在是“{state}”。").format(act=words.act(act), state=after.state_text)

    if fragment.tell(PLACE, doing):
        forms.forget(form)
        _close()
