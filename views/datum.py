"""Step 3, the coordinates: what they were recognised as and why; where it cannot be known, a choice.

The map asks the question a person can answer: do the points lie where the buildings are?
Beside it stands how far they lie from the buildings already stored, for each datum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import streamlit as st

from gis import crs
from gis.datasets import SHAPES
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.intake.datum import CHINESE
from gis.intake.datum import in_mainland
from gis.intake.errors import DatumContradicted
from gis.vocabulary import Datum
from views import format as written
from views import journey as going
from views import preview
from views import speech
from views import table
from views.preview import Cloud

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.intake.parts import Inspection
    from views.journey import Journey

OTHER = "other"
MOST_OPTIONS = 8
FAR_M = 20_000.0
"""Buildings farther away than this are those of another place and say nothing."""


@dataclass(frozen=True)
class Choice:
    """What is known about the coordinates, and what may be chosen.

    Attributes
    ----------
    known : str or None
        Datum the file tells; None: it has to be asked.
    options : dict of str to str
        Datum -> why it is possible.
    medians : dict of str to float
        Median distance to the stored buildings, metres.
    previews : dict of str to ndarray
        Points under each datum.
    sentence : str
        What was recognised and why.
    """

    known: str | None
    options: dict[str, str]
    medians: dict[str, float]
    previews: dict[str, NDArray[np.float64]]
    sentence: str


def draw(here: Journey) -> bool:
    """Draw the step; whether the import can go on."""
    if SHAPES[here.dataset] == "none":
        st.info(_("这类数据没有坐标,这一步不用做什么。"), icon=":material/info:")
        return True
    try:
        found = _weigh(here)
    except GridAtlasError as error:
        going.beside(error, "place")
        return False
    if found is None:
        st.info(_("这个文件没有坐标,不需要坐标系;记录会作为“无法定位”导入。"), icon=":material/info:")
        return True
    given = here.state.get("datum")
    current = given or found.known
    clouds = _clouds(here, found, given)
    chart, panel = st.columns((62, 38), gap="medium")
    with panel:
        if found.known is None:
            st.warning(written.plain(found.sentence), icon=":material/help:")
        else:
            st.success(written.plain(found.sentence), icon=":material/my_location:")
        _choose(here, found, current)
        _residuals(found, current)
    with chart:
        st.markdown(f"**{_('是这里吗?')}** {_question(found.known, given)}")
        preview.draw(clouds, current, key=f"preview-{here.upload.id}")
    waiting = st.session_state.get(f"datum-{here.upload.id}") == OTHER and current in {None, *found.options}
    return current is not None and not waiting


def _question(known: str | None, given: str | None) -> str:
    if given or known:
        return _("醒目的点是按所选坐标系读出的位置,应当落在它们本来的楼栋、道路旁边。")
    return _("同一批点按各坐标系画出来,看哪一种颜色落在本来的位置,再在右边选它。")


def _weigh(here: Journey) -> Choice | None:
    """Find out what is known; None where the file has no places.

    Raises
    ------
    GridAtlasError
        The file cannot be read.
    """
    try:
        found = here.question()
    except DatumContradicted as error:
        return _contradicted(here, error)
    if not len(found.points):
        return None
    if found.ambiguous:
        medians = {c.datum: c.median_m for c in found.candidates if c.median_m is not None}
        options = {c.datum: c.reason for c in found.candidates[:MOST_OPTIONS]}
        detail = str(found.evidence.get("detail", ""))
        sentence = _("{detail}。请看图选定。").format(detail=detail)
        return Choice(None, options, medians, dict(found.preview), sentence[:1].upper() + sentence[1:])
    known = found.datum or Datum.WGS84.value
    straight = found.points[:, ::-1] if found.evidence.get("swapped") else found.points
    options, previews = {known: ""}, dict(found.preview)
    if not crs.is_projected(known) and in_mainland(straight[:, 0], straight[:, 1]).mean() > 0.5:  # noqa: PLR2004  most
        same = {Datum.WGS84.value, Datum.CGCS2000.value}
        for other in CHINESE:
            if other != known and not (other in same and known in same):
                options[other] = ""
                previews[other] = np.column_stack(crs.to_cgcs2000(other, straight[:, 0], straight[:, 1]))
    medians = found.evidence.get("median_m") or (found.evidence.get("control") or {}).get("median_m") or {}
    near = dict(medians) if min(medians.values(), default=FAR_M) < FAR_M else {}
    return Choice(known, options, near, previews, _why(found))


def _contradicted(here: Journey, error: DatumContradicted) -> Choice:
    """Make a choice of a declaration that the stored buildings contradict."""
    better, declared = str(error.fields["better"]), str(error.fields["declared"])
    medians = {better: float(str(error.fields["better_m"])), declared: float(str(error.fields["declared_m"]))}
    previews = {key: here.under(key).preview.get(key, np.empty((0, 2))) for key in medians}
    options = {better: _("与已有楼栋吻合"), declared: _("文件里声明的")}
    return Choice(None, options, medians, previews, f"{error.message}{_('请看图选定。')}")


def _why(found: Inspection) -> str:
    """Say what was recognised and why."""
    name = speech.datum(found.datum or "")
    evidence: dict[str, Any] = found.evidence
    how = evidence.get("how")
    sentences = {
        "declared": _("坐标系是 {name}:文件自己声明的。"),
        "prefix": _("坐标系是 {name}:坐标前两位是高斯-克吕格第 {zone} 带的带号。"),
        "control": _("坐标系判定为 {name}:按它读出的点与已有楼栋最近,差距明显。"),
        "outside_china": _("坐标系是 {name}:坐标不在中国大陆,不存在加偏问题。"),
    }
    if how == "declared" and evidence.get("by") == "format":
        return _("坐标系按 {name} 读取:这种文件格式规定如此。国内的文件常常不守规定,请看图核对。").format(name=name)
    return sentences.get(str(how), _("坐标系是 {name}。")).format(name=name, zone=evidence.get("zone", ""))


def _clouds(here: Journey, found: Choice, given: str | None) -> list[Cloud]:
    """Points to draw: the candidates, and what the user named besides."""
    previews = dict(found.previews)
    if given and given not in previews:
        try:
            previews[given] = here.under(given).preview.get(given, np.empty((0, 2)))
        except GridAtlasError as error:
            going.beside(error, "given")
    if found.known is not None and not found.medians:
        previews = {key: xy for key, xy in previews.items() if key in {found.known, given}}
    order = sorted(previews, key=lambda key: found.medians.get(key, float("inf")))[: len(preview.SIGNS)]
    if given in previews and given not in order:
        order[-1] = given
    return [Cloud(key, speech.datum(key), previews[key][np.isfinite(previews[key]).all(axis=1)]) for key in order]


def _choose(here: Journey, found: Choice, current: str | None) -> None:
    """Draw the choice; nothing is chosen beforehand where it cannot be known."""
    options = [*found.options, OTHER]
    typed = current is not None and current not in found.options
    key = f"datum-{here.upload.id}"
    st.radio(
        _("按哪种坐标系读取?") if found.known is None else _("不对的话,改为"),
        options,
        index=options.index(OTHER if typed else current) if current is not None else None,
        format_func=lambda option: _("其他(填 EPSG 编号)") if option == OTHER else speech.datum_long(option),
        captions=_captions(found, options),
        key=key,
        on_change=lambda: _keep(here, found, st.session_state[key]),
    )
    if typed or st.session_state.get(key) == OTHER:
        box = f"epsg-{here.upload.id}"
        st.text_input(
            _("EPSG 编号"),
            value=current if typed else "",
            key=box,
            placeholder="EPSG:4547",
            help=_("地方测绘成果常用高斯-克吕格 3° 带,例如 EPSG:4547 是中央经线 114°。"),
            on_change=lambda: _type(here, st.session_state[box]),
        )
    wrong = st.session_state.pop(f"wrong-{here.upload.id}", None)
    if wrong is not None:
        going.beside(wrong, "epsg")


def _captions(found: Choice, options: list[str]) -> list[str] | None:
    """Give the reason below each option, except where its long name says it already."""
    reasons = ["" if option in set(Datum) else found.options.get(option, "") for option in options]
    return [written.plain(reason) for reason in reasons] if any(reasons) else None


def _keep(here: Journey, found: Choice, option: str) -> None:
    """Keep what was chosen; what the file tells itself needs no word of the user."""
    if option != OTHER:
        here.change(datum=None if option == found.known else option)
    elif here.state.get("datum") in found.options:
        here.change(datum=None)


def _type(here: Journey, text: str) -> None:
    """Keep a reference system that was typed, or say what is wrong with it."""
    word = text.strip()
    try:
        here.change(datum=crs.parse_datum(f"EPSG:{word}" if word.isdecimal() else word) if word else None)
    except GridAtlasError as error:
        st.session_state[f"wrong-{here.upload.id}"] = error


def _residuals(found: Choice, current: str | None) -> None:
    """Draw how far the points lie from the stored buildings under each datum."""
    if not found.medians:
        return
    ranked = sorted(found.medians.items(), key=lambda item: item[1])
    st.caption(_("与已有楼栋比对(中位距离,越小越可信)"))
    table.draw(
        (_("坐标系"), _("中位距离")),
        [(speech.datum(key), written.length(metres)) for key, metres in ranked],
        numbers=(1,),
        chosen=next((at for at, (key, _m) in enumerate(ranked) if key == current), None),
    )
