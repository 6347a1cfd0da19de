"""Step 1, the file: what it holds, the file itself, its layer and the encoding of its text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.datasets import NETWORKED
from gis.datasets import STAFFED
from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.i18n import joined
from gis.i18n import language
from gis.i18n import translate as _
from gis.intake import errors
from gis.intake import readers
from gis.intake import uploads
from gis.intake.staging import MB
from gis.intake.staging import Stage
from gis.records import networks
from gis.settings import IntakeSettings
from gis.vocabulary import AreaLevel
from views import actor
from views import format as written
from views import journey as going
from views import speech
from views import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from views.journey import Journey

FOLDER = Path(__file__).resolve().parent
SAMPLE_ROWS = 5
SAMPLE_COLUMNS = 12
ENCODINGS = ("utf-8", "gb18030", "big5", "shift_jis", "euc-kr", "latin-1")
ORDER = (
    *(Dataset.BUILDINGS, Dataset.GRIDS, Dataset.AREAS, Dataset.INCIDENTS),
    *(Dataset.PEOPLE, Dataset.LEAVES, Dataset.ORGANISATIONS, Dataset.VISITS, Dataset.TRACKS, Dataset.DUTIES),
    *(Dataset.ROADS, Dataset.WATER, Dataset.GREEN, Dataset.EXCLUDED),
)

_MARKUP = """
<div class="drop">
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d="M12 16V5M7.5 9.5 12 5l4.5 4.5M5 16v2.5A1.5 1.5 0 0 0 6.5 20h11a1.5 1.5 0 0 0 1.5-1.5V16"/></svg>
  <div class="words"><b></b><span></span><progress max="1" hidden></progress></div>
  <button type="button" class="choose"></button><button type="button" class="stop quiet" hidden></button>
  <input type="file" multiple hidden>
</div>
<div class="bad" role="alert" hidden></div>
"""  # noqa: E501  a drawing's path does not break

_drop = st.components.v2.component(
    "gridatlas_drop",
    html=_MARKUP,
    css=(FOLDER / "drop.css").read_text(encoding="utf-8"),
    js=(FOLDER / "drop.js").read_text(encoding="utf-8"),
)


def begin() -> None:
    """Draw the step before there is a file."""
    kind = _choices({}, "new", lambda: None)
    _field("new", kind)


def draw(here: Journey) -> bool:
    """Draw the step with its file.

    Returns
    -------
    bool
        Whether the import can go on.
    """
    try:
        path = here.upload.main()
    except GridAtlasError as error:
        going.beside(error, "file")
        return False
    _choices(here.state, here.upload.id, lambda: _keep(here))
    size = uploads.size_of(here.upload)
    shown = joined(written.plain(p.name, 60) for p in here.upload.files()[:6])
    st.markdown(f":material/description: **{shown}** :gray[{written.plain(_size(size))}]")
    try:
        layers = _layers(here)
        if len(layers) > 1 and not _layer(here, layers):
            return False
        found = here.inspect()
    except errors.EncodingAmbiguous as error:
        going.beside(error, "file")
        _encoding(here, None, [])
        return False
    except errors.EncodingWrong as error:
        going.beside(error, "file")
        _encoding(here, here.state.get("encoding"), [])
        return False
    except GridAtlasError as error:
        going.beside(error, "file")
        return False
    going.tell(found.warnings)
    if found.encoding:
        _encoding(here, found.encoding, found.encoding_candidates)
    rows = _("共 {rows} 行,{columns} 列。下面是前几行,请看文字有没有乱码。").format(
        rows=written.number(found.rows), columns=len(found.columns)
    )
    st.caption(written.plain(rows))
    columns = [str(name) for name in found.sample.columns[:SAMPLE_COLUMNS]]
    table.draw(columns, found.sample[columns].head(SAMPLE_ROWS).itertuples(index=False))
    if len(found.sample.columns) > SAMPLE_COLUMNS:
        st.caption(_("只显示前 {count} 列。").format(count=SAMPLE_COLUMNS))
    return path.exists()


def _choices(state: dict[str, Any], key: str, keep: Callable[[], None]) -> Dataset:
    """Draw what the file holds, and what only some datasets need; what is chosen."""
    with st.container(horizontal=True, key="intake-what"):
        wanted = state.get("dataset") or Dataset.BUILDINGS.value
        kind = st.selectbox(
            _("文件里是什么"),
            [d.value for d in ORDER],
            index=[d.value for d in ORDER].index(wanted),
            format_func=lambda value: speech.dataset(Dataset(value)),
            key=f"dataset-{key}",
            on_change=keep,
            filter_mode=None,
            width=260,
        )
        if kind in NETWORKED:
            _network(state, key, keep)
        if kind in STAFFED:
            st.text_input(
                _("这份文件是谁的(工号)"),
                value=state.get("person") or "",
                placeholder=_("文件里写明了就不用填"),
                key=f"person-{key}",
                on_change=keep,
                width=260,
            )
        elif kind == Dataset.AREAS:
            levels = ["", *(lvl.value for lvl in AreaLevel)]
            st.selectbox(
                _("区划层级"),
                levels,
                index=levels.index(state.get("level") or ""),
                format_func=lambda value: speech.level(AreaLevel(value)) if value else _("按文件里的层级列"),
                key=f"level-{key}",
                on_change=keep,
                filter_mode=None,
                width=260,
            )
    return Dataset(kind)


def _network(state: dict[str, Any], key: str, keep: Callable[[], None]) -> None:
    """Draw the choice of the network."""
    names = {code: str(row["name"]) for code, row in networks.defaults().items()}
    try:
        with session(actor.current()) as conn:
            names |= {item.code: item.name for item in networks.listing(conn)}
    except GridAtlasError as error:
        going.beside(error, "network")
    codes = list(names)
    wanted = state.get("network")
    st.selectbox(
        _("属于哪张网"),
        codes,
        index=codes.index(wanted) if wanted in codes else 0,
        format_func=lambda code: names[code],
        key=f"network-{key}",
        on_change=keep,
        filter_mode=None,
        width=260,
    )


def _keep(here: Journey) -> None:
    """Keep what was chosen; another dataset has other fields, so their columns are forgotten."""
    number = here.upload.id
    kind = st.session_state[f"dataset-{number}"]
    same = kind == here.state.get("dataset")
    here.change(
        dataset=kind,
        network=st.session_state.get(f"network-{number}", here.state.get("network")),
        level=st.session_state.get(f"level-{number}", here.state.get("level")) or None,
        person=st.session_state.get(f"person-{number}", here.state.get("person")) or None,
        mapping=here.mapping if same else {},
    )


def _field(key: str, kind: Dataset) -> None:
    """Draw the drop field."""
    limit = IntakeSettings().max_file_mb
    _drop(
        key=f"drop-{key}-{kind}",
        data={
            "title": _("把文件拖到这里"),
            "hint": _(
                "GeoPackage、GeoJSON、Shapefile(zip,或几个部分一起选)、CSV、Excel、GeoParquet、KML、GPX;最大 {size} MB"
            ).format(size=f"{limit:,}"),
            "choose": _("选择文件"),
            "stop": _("取消"),
            "sending": _("正在上传"),
            "reading": _("正在读取"),
            "broken": _("上传中断了。"),
            "brokenRemedy": _("请检查网络后再试一次。"),
            "tooLarge": _("文件超过 {size} MB 的上限。").format(size=f"{limit:,}"),
            "tooLargeRemedy": _("请拆分文件,或由管理员调大 GRIDATLAS_INTAKE_MAX_FILE_MB。"),
            "limit": limit * MB,
            "language": "en" if language() == "en" else "zh-CN",
        },
        on_uploaded_change=lambda: _arrived(f"drop-{key}-{kind}"),
    )


def _arrived(widget: str) -> None:
    """Take up the upload whose number the drop field gives."""
    number = st.session_state[widget].uploaded
    upload = uploads.get(str(number))
    upload.save(
        dataset=st.session_state.get("dataset-new", Dataset.BUILDINGS.value),
        network=st.session_state.get("network-new"),
        level=st.session_state.get("level-new") or None,
        person=st.session_state.get("person-new") or None,
    )
    st.query_params[going.ADDRESS] = upload.id


def _layers(here: Journey) -> list[readers.Place]:
    """List the layers of the file; remembered in the session."""
    key = f"layers-{here.upload.id}"
    if key not in st.session_state:
        with Stage(here.upload.main()) as stage:
            st.session_state[key] = [(p.layer, p.shape) for p in readers.list_places(stage)]
    return list(st.session_state[key])


def _layer(here: Journey, layers: list[tuple[str, str | None]]) -> bool:
    """Draw the choice of the layer; whether one is chosen."""
    names = [name for name, _shape in layers]
    shapes = dict(layers)
    chosen = here.state.get("layer")
    if chosen not in names:
        chosen = _suited(here)
        if chosen:
            here.change(layer=chosen)
    key = f"layer-{here.upload.id}"
    st.selectbox(
        _("图层({count} 个)").format(count=len(names)),
        names,
        index=names.index(chosen) if chosen in names else None,
        format_func=lambda name: f"{name} · {_shape_word(shapes[name])}" if shapes[name] else name,
        placeholder=_("请选一个图层"),
        key=key,
        on_change=lambda: here.change(layer=st.session_state[key], mapping={}),
        filter_mode=None,
        width=380,
    )
    if chosen is None:
        st.caption(_("文件里有多个图层,请选要导入的那一个。"))
    return chosen is not None


def _suited(here: Journey) -> str | None:
    """Name the only layer that suits the dataset, if it is the only one."""
    with Stage(here.upload.main()) as stage:
        places = readers.list_places(stage)
        try:
            return readers.choose(places, here.name, None, here.dataset).layer
        except GridAtlasError:
            return None


def _shape_word(shape: str | None) -> str:
    """Say what a layer holds."""
    low = (shape or "").lower()
    if "polygon" in low or "surface" in low:
        return _("面")
    if "line" in low or "curve" in low:
        return _("线")
    return _("点") if "point" in low else _("混合")


def _encoding(here: Journey, current: str | None, candidates: list[str]) -> None:
    """Draw the choice of the encoding; the sample below shows whether it is right."""
    known = list(dict.fromkeys([*([current] if current else []), *candidates, *ENCODINGS]))
    key = f"encoding-{here.upload.id}"
    st.selectbox(
        _("文字编码"),
        known,
        index=known.index(current) if current else None,
        placeholder=_("请选一种编码"),
        key=key,
        on_change=lambda: here.change(encoding=st.session_state[key]),
        filter_mode=None,
        width=260,
        help=_("多数国内文件是 gb18030(GBK)或 utf-8;字不对就换一种。"),
    )


def _size(count: int) -> str:
    return f"{count / MB:,.1f} MB" if count >= MB else f"{max(count // 1024, 1):,} KB"
