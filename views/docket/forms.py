"""Forms drawn from a description: each thing an act asks is one field, what is wrong with it stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework.forms import FieldMissing
from gis.casework.forms import FieldUnfit
from gis.casework.forms import values
from gis.i18n import translate as _
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from gis.casework.forms import Ask

FEW = 4
"""Choices up to which all are shown at once."""
LONGEST = 2000


def draw(asks: Iterable[Ask], form: str) -> None:
    """Draw the fields of a form; what was wrong at the last try is said below each."""
    wrong = st.session_state.get(_wrong(form), {})
    for ask in asks:
        if _asked(ask, form):
            _field(ask, _key(form, ask.name))
            if ask.name in wrong:
                st.markdown(f":red[{written.plain(wrong[ask.name])}]")


def read(asks: Sequence[Ask], form: str) -> dict[str, Any]:
    """Give what was typed, as the acts take it, and remember what is wrong with which field.

    Raises
    ------
    FieldMissing, FieldUnfit
        The form is not filled in as it should be.
    """
    asked = [ask for ask in asks if _asked(ask, form)]
    given = {ask.name: st.session_state.get(_key(form, ask.name)) for ask in asked}
    found = {name: value for name, value in given.items() if value or (value == 0 and value is not False)}
    wrong = {ask.name: _("这一项必填。") for ask in asked if ask.required and ask.name not in found}
    st.session_state[_wrong(form)] = wrong
    if not wrong:
        for ask in asked:
            try:
                values([ask], {ask.name: found[ask.name]} if ask.name in found else {})
            except (FieldMissing, FieldUnfit) as error:
                wrong[ask.name] = f"{error.message}{error.remedy}"
    values(asked, found)
    return found


def value(form: str, name: str) -> Any:  # noqa: ANN401  whatever the field holds
    """Give what stands in a field."""
    return st.session_state.get(_key(form, name))


def forget(form: str) -> None:
    """Empty a form."""
    for key in [key for key in st.session_state if str(key).startswith(f"{form}.")]:
        st.session_state.pop(key, None)


def settled(asks: Iterable[Ask]) -> bool:
    """Whether no field hangs on another: such a form can be sent as a whole."""
    return not any(getattr(ask, "when", None) for ask in asks)


def _asked(ask: Ask, form: str) -> bool:
    """Whether a field is asked for, given what stands in the one it hangs on."""
    when = getattr(ask, "when", None)
    return not when or st.session_state.get(_key(form, when[0])) in when[1]


def _key(form: str, name: str) -> str:
    return f"{form}.{name}"


def _wrong(form: str) -> str:
    return f"{form}.:wrong"


def _field(ask: Ask, key: str) -> None:
    label = ask.label if ask.required else _("{label}(可不填)").format(label=ask.label)
    hint = ask.hint or None
    names = dict(ask.choices)
    if ask.type == "long":
        st.text_area(label, key=key, help=hint, max_chars=LONGEST, height=80)
    elif ask.type in {"integer", "number"}:
        whole = ask.type == "integer"
        st.number_input(label, key=key, help=hint, value=None, min_value=0 if whole else 0.0, step=1 if whole else 0.01)
    elif ask.type == "date":
        st.date_input(label, key=key, help=hint, value=None, format="YYYY-MM-DD")
    elif ask.type == "moment":
        st.datetime_input(label, key=key, help=hint, value=None, format="YYYY-MM-DD")
    elif ask.type == "choice" and len(names) <= FEW:
        st.segmented_control(label, list(names), key=key, help=hint, format_func=names.__getitem__)
    elif ask.type == "choice":
        st.selectbox(
            label, list(names), key=key, help=hint, index=None, format_func=lambda at: names.get(at, at),
            placeholder=_("请选择"),
        )  # fmt: skip
    elif ask.type == "choices":
        st.multiselect(
            label, list(names), key=key, help=hint, format_func=lambda at: names.get(at, at), placeholder=_("请选择")
        )
    elif ask.type == "flag":
        st.checkbox(ask.label, key=key, help=hint)
    elif ask.type == "list":
        st.text_input(label, key=key, help=hint, placeholder=_("几项之间用顿号隔开"), max_chars=LONGEST)
    else:
        st.text_input(label, key=key, help=hint, max_chars=LONGEST)
