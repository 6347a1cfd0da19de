"""Step 2, the fields: which column of the file fills which field, with what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.datasets import FIELDS
from gis.datasets import PLACELESS
from gis.datasets import SHAPES
from gis.datasets import STAFFED
from gis.datasets import Dataset
from gis.errors import GridAtlasError
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import fields
from gis.intake import places
from views import format as written
from views import journey as going
from views import speech

if TYPE_CHECKING:
    import pandas as pd

    from gis.intake.parts import Inspection
    from gis.intake.parts import Proposal
    from views.journey import Journey

EXAMPLES = 3
EXAMPLE_CHARACTERS = 26
CODED = tuple(d for d in Dataset if d not in {*STAFFED, Dataset.PEOPLE, Dataset.LEAVES})
"""Datasets whose rows without a code get one by file and row; the others are known by person and time."""


def draw(here: Journey) -> bool:
    """Draw the step; whether the import can go on."""
    try:
        found = here.under(here.state.get("datum"))
    except GridAtlasError as error:
        try:
            found = here.under("wgs84")  # columns can be chosen whatever the datum will be
        except GridAtlasError:
            going.beside(error, "fields")
            return False
    chosen = fields.decide(found.mapping, found.columns, here.dataset, here.mapping)
    own = not any(p.field in fields.PLACES for p in found.mapping)
    plain = SHAPES[here.dataset] == "none"
    st.caption(
        _("已按列名和内容自动对应;不对的请改选。“必填”的字段没有对应列时不能继续。")
        if not own or plain
        else _("已按列名和内容自动对应;不对的请改选。位置取自文件里的图形。")
    )
    with st.container(key="intake-fields"):
        _head()
        for proposal in found.mapping:
            _row(here, found, proposal, chosen.get(proposal.field))
    return _complete(here, found, chosen, own=own or plain)


def _head() -> None:
    label, column, example = st.columns((2, 3, 5), vertical_alignment="center")
    for place, words in ((label, _("字段")), (column, _("文件里的列")), (example, _("列里的内容(前几行)"))):
        place.caption(words)


def _row(here: Journey, found: Inspection, proposal: Proposal, column: str | None) -> None:
    """Draw one field with its choice of column."""
    label, choice, example = st.columns((2, 3, 5), vertical_alignment="center")
    mark = f" :orange-badge[{_('必填')}]" if _required(here.dataset, proposal.field) else ""
    label.markdown(f"{written.plain(proposal.label)}{mark}")
    key = f"field-{here.upload.id}-{proposal.field}"
    options = ["", *found.columns]
    choice.selectbox(
        proposal.label,
        options,
        index=options.index(column) if column in found.columns else 0,
        format_func=lambda name: name or _("(不导入)"),
        key=key,
        on_change=lambda: _keep(here, proposal.field, key),
        filter_mode=None,
        label_visibility="collapsed",
    )
    if column:
        example.markdown(f":gray[{_examples(found.sample, column)}]")
    elif proposal.column and proposal.confidence < fields.ENOUGH:
        example.markdown(f":gray[{_('可能是“{column}”,没有把握').format(column=written.plain(proposal.column))}]")


def _keep(here: Journey, field: str, key: str) -> None:
    """Keep a choice; one place of a row replaces the other."""
    mapping = {**here.mapping, field: st.session_state[key]}
    here.change(mapping=mapping)


def _examples(sample: pd.DataFrame, column: str) -> str:
    """Write the first values of a column, or that it is empty."""
    if column not in sample.columns:
        return ""
    values = [str(v) for v in sample[column].head(20) if v is not None and v == v and str(v).strip()]  # noqa: PLR0124  NaN
    seen = list(dict.fromkeys(values))[:EXAMPLES]
    if not seen:
        return _("(前几行是空的)")
    return "  ·  ".join(written.plain(value, EXAMPLE_CHARACTERS) for value in seen)


def _required(dataset: Dataset, field: str) -> bool:
    """Say whether rows without a field cannot be used."""
    if any(f.name == field and f.required for f in FIELDS[dataset]):
        return True
    return field in {fields.LON, fields.LAT} and dataset not in PLACELESS


def _complete(here: Journey, found: Inspection, chosen: dict[str, str], *, own: bool) -> bool:
    """Say what is missing; whether nothing is."""
    labels = {p.field: p.label for p in found.mapping}
    missing = [f.name for f in FIELDS[here.dataset] if f.required and f.name not in chosen]
    if missing:
        st.error(
            _("还缺必填字段:{fields}。请为它选一列。").format(fields=joined(labels[name] for name in missing)),
            icon=":material/error:",
        )
        return False
    if not own and not places.is_placed(chosen):
        if here.dataset not in PLACELESS:
            st.error(_("还不知道位置在哪一列。请选经度列和纬度列,或者 WKT 列。"), icon=":material/error:")
            return False
        st.warning(
            _("没有选坐标列:这些记录会作为“无法定位”导入。若文件里有坐标,请选经度列和纬度列。"),
            icon=":material/info:",
        )
    if "code" not in chosen and here.dataset in CODED:
        st.info(
            _("没有选编码列:{what}会按文件和行号自动编码,文件改动后再导入会成为新的记录。").format(
                what=speech.dataset(here.dataset)
            ),
            icon=":material/info:",
        )
    return True
