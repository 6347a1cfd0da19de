"""What the visitor may do with the chosen case: the next step first, the rest one tap away, each with its form.

Only what his role and the case's state allow is offered; the database decides once more. What
was typed stays where an act is refused; when somebody was faster, what is new is said in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import acts
from gis.casework import words
from gis.casework.errors import SomebodyWasFaster
from gis.casework.photos import Picture
from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Act
from views import actor
from views import browser
from views import format as written
from views import fragment
from views.docket import asks
from views.docket import forms
from views.docket import pictures

if TYPE_CHECKING:
    from gis.casework.files import Casefile
    from views.docket.source import Desk

DOING = "docket-doing"
"""Session key: (number of a case, act, number of the last event its visitor had seen) of the form that is open.

A field that is left draws the page anew: what happened meanwhile is not what he saw when he began to write.
"""
DONE = "docket-done"
"""Session key: how many acts this visitor did; uploads are numbered by it, so that they are empty afterwards."""
FASTER = "docket-faster"
"""Session key: number of a case and of the last event its visitor had seen when somebody was faster."""
PLACE = "act"
FILES = ("jpg", "jpeg", "png", "webp", "pdf")


def draw(desk: Desk, case: Casefile) -> None:
    """Draw the form that is open, and the acts as a row of buttons."""
    doing = _doing(case)
    if doing is not None:
        with st.container(key="doing"):
            _form(desk, case, doing)
    else:
        fragment.told(PLACE)
    if not desk.acts:
        return
    first = [act for act in asks.first(case) if act in desk.acts]
    kept = [act for act in (Act.NOTE,) if act in desk.acts]
    rest = [act for act in desk.acts if act not in first and act not in kept]
    with st.container(key="acts", horizontal=True, gap="small"):
        for act in first:
            straight = act in asks.NEXT.get(case.flow.state, ())
            _button(case, act, kind="primary" if doing is None and straight else "secondary")
        for act in kept:
            _button(case, act)
        if rest:
            with st.popover(
                _("更多"), icon=":material/more_horiz:", key=f"act-more-{st.session_state.get('opened', 0)}"
            ):
                for act in rest:
                    _button(case, act, kind="tertiary")


def _button(case: Casefile, act: Act, kind: Any = "secondary") -> None:  # noqa: ANN401  a word of the toolkit
    st.button(words.act(act), key=f"act-{act}", icon=asks.icon(act), type=kind, on_click=_open, args=(case, act))


def _open(case: Casefile, act: Act) -> None:
    """Open the form of an act; the list it was chosen from closes by being drawn anew."""
    st.session_state[DOING] = (case.incident_id, act, case.seq)
    st.session_state["opened"] = st.session_state.get("opened", 0) + 1
    if act is Act.CHANGE:
        for name, value in (("category", case.category), ("title", case.title), ("address", case.address)):
            st.session_state.setdefault(f"{_name(case, act)}.{name}", value)


def _close() -> None:
    st.session_state.pop(DOING, None)
    st.session_state.pop(FASTER, None)


def _doing(case: Casefile) -> Act | None:
    number, act, _seen = st.session_state.get(DOING, (None, None, 0))
    return act if number == case.incident_id else None


def _name(case: Casefile, act: Act) -> str:
    return f"do-{act}-{case.incident_id}"


def _form(desk: Desk, case: Casefile, act: Act) -> None:
    with st.container(key="doing-head", horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {written.plain(words.act(act))}", width="stretch")
        st.button(_("取消"), key="doing-cancel", type="tertiary", on_click=_close)
    fragment.told(PLACE)
    _news(desk, case)
    if act not in desk.acts:
        st.markdown(_("案件现在的状态已不能“{act}”。下面是你填写的内容,可以抄到别处。").format(act=words.act(act)))
    form = _name(case, act)
    wanted = asks.of(case, act)
    place = _here() if act in asks.PICTURED and act not in asks.ON_PAPER else None
    if act is Act.DISPATCH:
        _receivers(desk, case, form)
    forms.draw(wanted, form)
    note = _("情况") if asks.told(act) else _("情况(可不填)")
    st.text_area(note, key=f"{form}.:note", max_chars=forms.LONGEST, height=76)
    if asks.told(act) and st.session_state.get(f"{form}.:silent"):
        st.markdown(f":red[{_('这一项必填。')}]")
    if act in asks.PICTURED:
        _upload(act, form)
    st.button(
        words.act(act),
        key="doing-send",
        type="primary",
        icon=asks.icon(act),
        disabled=act not in desk.acts,
        on_click=_do,
        args=(desk, case, act, place),
    )


def _news(desk: Desk, case: Casefile) -> None:
    """Say what happened since the visitor's act was refused because somebody was faster."""
    number, seen = st.session_state.get(FASTER, (None, 0))
    if number != case.incident_id:
        return
    lines = "".join(
        f"<li><b>{written.html(event.act_text)}</b> → {written.html(event.state_text)} "
        f"<span>{written.html(event.who)} · {written.html(written.moment(event.at))}</span>"
        f"<p>{written.html(event.note)}</p></li>"
        for event in desk.history
        if event.seq > seen
    )
    st.html(f'<ol class="ga-past">{lines}</ol>')
    st.session_state[DOING] = (*st.session_state[DOING][:2], case.seq)  # now he has seen it


def _here() -> tuple[float, float] | None:
    """Offer to note where the visitor stands: pictures without a place of their own are there."""
    found = browser.place(
        key="act-place",
        data={
            "ask": _("记下当前位置"),
            "waiting": _("正在定位"),
            "none": _("没有取得定位,可以不填。"),
            "known": _("已定位") if getattr(st.session_state.get("act-place"), "place", None) else "",
        },
        default={"place": None},
        on_place_change=lambda: None,
    )
    place = getattr(found, "place", None)
    return (place[0], place[1]) if place else None


def _receivers(desk: Desk, case: Casefile, form: str) -> None:
    """Ask to whom: the units of the duty list as the file froze them, to be changed; a person beside them."""
    said = [unit for unit in (case.terms.get("lead"), *(case.terms.get("assists") or ())) if unit]
    known = list(dict.fromkeys([*said, *case.units, *desk.ground.units]))
    key = f"{form}.units"
    st.session_state.setdefault(key, case.units or said)
    st.multiselect(
        _("单位(牵头在前)"), known, key=key, accept_new_options=True, placeholder=_("选择或输入单位"),
        help=_("默认按权责清单:立案时确定的牵头和配合单位"),
    )  # fmt: skip
    if not said:
        st.markdown(f":orange[{_('权责清单没有给出唯一的牵头单位,请选定,并把它列入清单会商。')}]")
    with session(actor.current()) as conn:
        people = {name: label for _number, name, label in acts.handlers(conn)}
    st.selectbox(
        _("经办人(可不填)"), list(people), key=f"{form}.handler", index=None,
        format_func=lambda name: people.get(name, name), placeholder=_("请选择"),
    )  # fmt: skip


def _upload(act: Act, form: str) -> None:
    usual = "document" if act in asks.ON_PAPER else "after" if act in {Act.ANSWER, Act.CHECK} else "scene"
    names = pictures.roles()
    with st.container(key="upload"):
        st.file_uploader(
            _("照片或文书(可不填)"), type=list(FILES), accept_multiple_files=True, key=_files(form),
            help=_("最多 9 个;照片里的拍摄时间和位置读出后从照片中抹去"),
        )  # fmt: skip
        if st.session_state.get(_files(form)):
            st.segmented_control(
                _("照片内容"), list(names), key=f"{form}.:role", default=usual, format_func=names.__getitem__
            )


def _files(form: str) -> str:
    return f"{form}.:files-{st.session_state.get(DONE, 0)}"


def _do(desk: Desk, case: Casefile, act: Act, place: tuple[float, float] | None) -> None:
    """Act on a case as the person saw it; what it says is shown at the run that follows, beside its form."""
    fragment.speak()
    form = _name(case, act)
    seen = st.session_state[DOING][2]

    def doing() -> str:
        note = st.session_state.get(f"{form}.:note", "")
        st.session_state[f"{form}.:silent"] = asks.told(act) and not note.strip()
        data = forms.read(asks.of(case, act), form) | asks.fixed(case, act)
        if act is Act.DISPATCH:
            data |= {"units": forms.value(form, "units") or [], "handler": forms.value(form, "handler")}
        role = st.session_state.get(f"{form}.:role") or "scene"
        photos = [Picture(file.getvalue(), file.name, role) for file in st.session_state.get(_files(form)) or ()]
        try:
            after = acts.act(
                actor.current(), case.incident_id, act, expected=seen, note=note, data=data, geom=place,
                photos=photos, unit=_unit(desk, case),
            )  # fmt: skip
        except SomebodyWasFaster:
            st.session_state[FASTER] = (case.incident_id, seen)
            raise
        return _("{act}已记入,现在是“{state}”。").format(act=words.act(act), state=after.state_text)

    if fragment.tell(PLACE, doing):
        st.session_state[DONE] = st.session_state.get(DONE, 0) + 1
        forms.forget(form)
        _close()


def _unit(desk: Desk, case: Casefile) -> str:
    """Give the unit the visitor speaks for: his one that has the case."""
    return next((unit for unit in case.units if unit in desk.units), joined(desk.units[:1]))
