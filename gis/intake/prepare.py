"""From a file to a clean frame: reader, fields, datum, checks, values, codes, in this order.

Everything that was not clean is accounted for: a rejected row with its reason, a repaired
one with what was done, a warning for what the user should read. Nothing is written here.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis import crs
from gis.datasets import PLACELESS
from gis.datasets import SHAPES
from gis.datasets import Dataset
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import checks
from gis.intake import datum as datums
from gis.intake import fields
from gis.intake import places
from gis.intake import profiles
from gis.intake import readers
from gis.intake import rows as row_rules
from gis.intake import staff
from gis.intake import tracks
from gis.intake import values
from gis.intake.errors import FieldsUnrecognised
from gis.intake.errors import NothingUsable
from gis.intake.errors import PlaceMissing
from gis.intake.parts import Candidate
from gis.intake.parts import Control
from gis.intake.parts import Inspection
from gis.intake.parts import Prepared
from gis.intake.parts import Proposal
from gis.intake.parts import Raw
from gis.intake.parts import Source
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.intake.checks import Checked

__all__ = ["Control", "Inspection", "Prepared", "Proposal", "Source", "inspect", "prepare"]

UNFIT = ("wrong_type", "curve", "surface", "unreadable", "bad_wkt")
"""Reasons for which such a row is refused all the same: it has a shape, only not one we hold."""

PREVIEW = 2000


def prepare(
    path: str | Path,
    dataset: Dataset,
    *,
    mapping: Mapping[str, str] | None = None,
    datum: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    control: Control | NDArray[np.float64] | None = None,
    network: str | None = None,
    level: str | None = None,
    person: str | None = None,
    keep_duplicates: bool = False,
    row_codes: bool = False,
    strict: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> Prepared:
    """Turn a file into a clean frame.

    Parameters
    ----------
    path : str or Path
        A path, or ``path:layer``.
    dataset : Dataset
        What its rows are.
    mapping : mapping of str to str, optional
        Field -> column, over what the synonyms propose; ``lon``, ``lat``, ``wkt`` for the place.
    datum, encoding, layer : str, optional
        What the user says of coordinates, text and layer.
    control : Control or ndarray (n, 2), optional
        Stored building points, CGCS2000 degrees, to settle the datum of point data.
    network, level : str, optional
        Network of grids, level of areas; ``level`` fills rows whose file names none.
    person : str, optional
        Whose visits or tracks the file holds, for rows that name nobody.
    keep_duplicates : bool
        Keep rows whose code occurred before, under a code of their own (for ``check``).
    row_codes : bool
        Rows without a code get their row number (for ``check``), not ``<hash>-<row>``.
    strict : bool
        Reject grid codes that break the pattern, instead of warning.
    progress : callable, optional
        Called with a translated stage and the share done, 0 to 1.

    Returns
    -------
    Prepared
        Clean frame, rejects, repairs, source, warnings.

    Raises
    ------
    BadInput
        One of ``gis.intake.errors``; each says what to do.
    """
    tell = progress or (lambda _stage, _share: None)
    dataset = Dataset(dataset)
    tell(_("读取文件"), 0.0)
    raw = readers.open_file(path, layer=layer, dataset=dataset, encoding=encoding)
    tell(_("对应字段"), 0.35)
    chosen = _map(raw, dataset, mapping)
    book = row_rules.Book(raw)
    book.take_broken_text(raw.table)
    found, placed = _geometry(raw, chosen, dataset, book.warnings)
    geometry = found.geometry
    moving = tracks.measures(geometry) if dataset is Dataset.TRACKS else {}
    shape = "point" if dataset is Dataset.TRACKS and tracks.are_points(geometry) else SHAPES[dataset]
    tell(_("判定坐标系"), 0.45)
    decision = _settle(raw, geometry, chosen, dataset, given=datum, control=control)
    tell(_("检查几何"), 0.55)
    checked = _check(geometry, decision, dataset, shape)
    checked.bad.update(found.bad)
    for at, told in found.repaired.items():
        checked.repaired.setdefault(at, []).insert(0, told)
    del geometry, found
    raw.geometry = None  # a million shapes are kept once, not twice
    tell(_("整理字段"), 0.75)
    frame = row_rules.canonical(raw, chosen, dataset, book, level=level)
    profiles.complete(frame, profiles.of(raw.table.column_names, dataset))
    _account(checked, book, dataset, placed=placed)
    staff.complete(frame, dataset, book, person=person)
    absorbed = np.zeros(len(frame), dtype=bool)
    if dataset is Dataset.TRACKS and shape == "point":
        absorbed = tracks.gather(frame, checked, book, raw.name)
    elif dataset is Dataset.TRACKS:
        absorbed = tracks.time_lines(frame, checked, moving, book)
    sha = raw.sha256
    row_rules.settle_codes(
        frame,
        raw,
        _comparable(checked),
        dataset,
        book,
        stem=None if row_codes else _stem(sha, raw.layer),
        keep_duplicates=keep_duplicates,
    )
    row_rules.judge(frame, dataset, book, strict=strict)
    tell(_("汇总"), 0.92)
    clean = _frame(frame, checked, raw, book.rejected | absorbed)
    if not len(clean):
        first = min(book.rejects, key=lambda n: n.row).words if book.rejects else _("没有数据行")
        raise NothingUsable(name=raw.name, rows=raw.rows_read, reason=first)
    source = Source(
        filename=raw.name,
        layer=raw.layer,
        sha256=sha,
        encoding=raw.encoding.spoken if raw.encoding else None,
        datum=decision.datum,
        datum_evidence=decision.evidence,
        mapping=chosen,
        rows_read=raw.rows_read,
        fingerprint=_fingerprint(
            raw, chosen, decision.datum, dataset.value, network, level, *([person] if person else [])
        ),
    )
    tell(_("汇总"), 1.0)
    rejects, repairs = book.tables()
    warnings = [*raw.notes, *decision.warnings, *book.warnings]
    originals = book.originals_of if dataset in staff.STRICT else None
    return Prepared(dataset, clean, rejects, repairs, source, warnings, originals)


def _stem(sha: str, layer: str | None) -> str:
    """Give what the codes of rows without one begin with: of its own for each layer of a file."""
    return (hashlib.sha256(f"{sha}:{layer}".encode()).hexdigest() if layer else sha)[:8]


def _map(raw: Raw, dataset: Dataset, mapping: Mapping[str, str] | None) -> dict[str, str]:
    proposals = fields.propose(raw.table, dataset, placed=raw.drawn)
    chosen = fields.decide(proposals, raw.table.column_names, dataset, mapping)
    placed = raw.drawn or places.is_placed(chosen)
    if not placed and dataset not in PLACELESS and SHAPES[dataset] != "none":
        raise PlaceMissing(name=raw.name)
    staff.require_columns(dataset, chosen, raw.name)
    if not chosen and not raw.drawn:
        raise FieldsUnrecognised(name=raw.name, columns=joined(raw.table.column_names[:30]))
    raw.notes += fields.doubts(raw.table, dataset, chosen, mapping)
    profile = profiles.of(raw.table.column_names, dataset)
    if profile is not None:
        raw.notes.append(_("按“{profile}”的表头读取。").format(profile=profile.name))
    return chosen


def _geometry(raw: Raw, chosen: Mapping[str, str], dataset: Dataset, warnings: list[str]) -> tuple[places.Places, bool]:
    """Give the geometry as in the file, and whether the file has places at all."""
    if SHAPES[dataset] == "none":
        return places.Places(np.full(raw.table.num_rows, None, dtype=object)), False
    if places.is_placed(chosen):
        srid = places.written_srid(raw.table.column(chosen[fields.WKT])) if fields.WKT in chosen else None
        if srid and raw.crs is None:
            with suppress(CRSError):
                raw.crs, raw.declared = CRS.from_epsg(srid), "file"
        return places.build(raw.table, chosen, raw.rows, warnings), True
    if raw.geometry is not None:
        return places.Places(raw.geometry), True
    warnings.append(_("文件里没有坐标列,所有记录都没有位置,将列为“无法定位”。"))
    return places.Places(np.full(raw.table.num_rows, None, dtype=object)), False


def _points(geometry: NDArray[np.object_], most: int = 20_000) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Take a sample of positions (first vertex of each geometry), x and y as in the file."""
    rows = np.flatnonzero(~(shapely.is_missing(geometry) | shapely.is_empty(geometry)))
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
    bounds = shapely.bounds(geometry[rows])
    return (bounds[:, :2] + bounds[:, 2:]) / 2, rows


def _settle(
    raw: Raw,
    geometry: NDArray[np.object_],
    chosen: Mapping[str, str],
    dataset: Dataset,
    *,
    given: str | None,
    control: Control | NDArray[np.float64] | None,
) -> datums.Decision:
    with np.errstate(over="ignore", invalid="ignore"):
        points, rows = _points(geometry)
    return datums.settle(
        points,
        name=raw.name,
        declared=raw.crs,
        declared_by=raw.declared,
        given=given,
        control=_control(control) if SHAPES[dataset] == "point" else None,
        codes=_codes(raw, chosen, rows),
    )


def _control(control: Control | NDArray[np.float64] | None) -> Control | None:
    if control is None or isinstance(control, Control):
        return control
    return Control(np.asarray(control, dtype=float).reshape(-1, 2))


def _codes(raw: Raw, chosen: Mapping[str, str], rows: NDArray[np.int64]) -> NDArray[np.object_] | None:
    column = chosen.get("code")
    if column is None:
        return None
    return np.asarray(values.to_text(raw.table.column(column).take(rows), code=True).series.fillna(""), dtype=object)


def _check(geometry: NDArray[np.object_], decision: datums.Decision, dataset: Dataset, shape: str) -> Checked:
    checked = checks.usable_numbers(geometry)
    if decision.datum == "none":
        return checked
    if decision.swapped:
        checked.geometry = shapely.transform(checked.geometry, lambda xy: xy[:, ::-1])
    _swap_single(checked, decision)
    # The point of a footprint is taken in the coordinates of its file: turned into degrees, another
    # point of the same shape may come out, and a building near a border change sides.
    inner = None
    if shape == "point" and crs.is_projected(decision.datum):
        inner = crs.transform_geometries(checks.inner_points(checked.geometry), decision.datum)
    checked.geometry = crs.transform_geometries(checked.geometry, decision.datum)
    checks.within_world(checked)
    if shape == "polygon":
        checks.as_polygons(checked)
    elif shape == "line":
        checks.as_lines(checked)
    else:
        checks.as_points(checked, footprints=dataset is Dataset.BUILDINGS, inner=inner)
    return checked


def _comparable(checked: Checked) -> row_rules.Shapes:
    """Give the shapes rows are compared by; a place that was taken away equals no other."""
    lost = np.zeros(len(checked.geometry), dtype=bool)
    lost[[at for at, (key, _words) in checked.bad.items() if key not in {"no_geometry", "no_position"}]] = True
    footprint = checked.footprint if checked.footprint is not None else None
    return row_rules.Shapes(checked.geometry, footprint, lost)


def _swap_single(checked: Checked, decision: datums.Decision) -> None:
    """Turn single points whose latitude stands first: latitude > 90 and both orders tell it."""
    if crs.is_projected(decision.datum):
        return
    points = shapely.get_type_id(checked.geometry) == checks.POINT
    x, y = shapely.get_x(checked.geometry[points]), shapely.get_y(checked.geometry[points])
    turned = np.zeros(len(points), dtype=bool)
    turned[points] = (np.abs(y) > checks.POLE) & (np.abs(y) <= checks.HALF_TURN) & (np.abs(x) <= checks.POLE)
    if turned.any():
        checked.geometry[turned] = shapely.transform(checked.geometry[turned], lambda xy: xy[:, ::-1])
        checked.tell(turned, "axes_swapped", _("经纬度写反了,已对调"))


def _account(checked: Checked, book: row_rules.Book, dataset: Dataset, *, placed: bool) -> None:
    """Carry what the checks found into the book: repairs, rejects, or positions left empty."""
    for at, told in checked.repaired.items():
        if at not in checked.bad:
            for key, words in told:
                book.repair(at, key, words)
    if not placed:
        return
    keeps = dataset in PLACELESS
    for at, (key, words) in checked.bad.items():
        if keeps and key not in UNFIT:
            book.repair(at, key, _("没有可用的位置,按无位置保留:{why}").format(why=words))
        else:
            book.reject(at, key, words)


def _frame(frame: pd.DataFrame, checked: Checked, raw: Raw, rejected: NDArray[np.bool_]) -> gpd.GeoDataFrame:
    keep = ~rejected
    index = pd.Index(raw.rows[keep], name="row")
    kept = frame.loc[keep].set_index(index)
    geometry = gpd.GeoSeries(checked.geometry[keep], index=index, crs=SRID)
    clean = gpd.GeoDataFrame(kept, geometry=geometry)
    if checked.footprint is not None:
        clean["footprint"] = gpd.GeoSeries(checked.footprint[keep], index=index, crs=SRID)
    return clean


def _fingerprint(raw: Raw, mapping: Mapping[str, str], datum: str, *more: str | None) -> str:
    codec = raw.encoding.codec if raw.encoding else None
    facts = [*more, raw.layer, sorted(mapping.items()), datum, codec]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


# looking before taking -------------------------------------------------------------------------


def inspect(
    path: str | Path,
    dataset: Dataset,
    *,
    mapping: Mapping[str, str] | None = None,
    datum: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    control: Control | NDArray[np.float64] | None = None,
) -> Inspection:
    """Look at a file: what it is, what its columns seem to be, which datums are possible.

    Takes the same arguments as :func:`prepare`. Ambiguous coordinates are no error here but
    an answer: ``datum`` is None and ``candidates`` lists what is possible, with a preview.

    Raises
    ------
    BadInput
        The file cannot be read at all.
    """
    dataset = Dataset(dataset)
    raw = readers.open_file(path, layer=layer, dataset=dataset, encoding=encoding)
    proposals = fields.propose(raw.table, dataset, placed=raw.geometry is not None)
    chosen = fields.decide(proposals, raw.table.column_names, dataset, mapping)
    shown = [
        Proposal(p.field, p.label, chosen.get(p.field, p.column), 1.0 if p.field in (mapping or {}) else p.confidence)
        for p in proposals
    ]
    warnings = [*raw.notes, *fields.doubts(raw.table, dataset, chosen, mapping)]
    geometry = _geometry(raw, chosen, dataset, warnings)[0].geometry
    with np.errstate(over="ignore", invalid="ignore"):
        points, rows = _points(geometry)
    answer = datums.weigh(
        points,
        name=raw.name,
        declared=raw.crs,
        declared_by=raw.declared,
        given=datum,
        control=_control(control) if SHAPES[dataset] == "point" else None,
        codes=_codes(raw, chosen, rows),
    )
    asked = isinstance(answer, datums.Question)
    if isinstance(answer, datums.Question):
        candidates, evidence, found = answer.candidates, {"how": "asked", "detail": answer.detail}, None
    else:
        candidates = [Candidate(answer.datum, "")] if answer.datum != "none" else []
        evidence, found = answer.evidence, answer.datum
        warnings += answer.warnings
    straight = points[:, ::-1] if answer.swapped else points
    step = np.linspace(0, len(straight) - 1, min(PREVIEW, len(straight))).astype(np.int64)
    return Inspection(
        filename=raw.name,
        layers=raw.layers,
        layer=raw.layer,
        columns=list(raw.table.column_names),
        rows=raw.rows_read,
        sample=_sample(raw),
        mapping=shown,
        encoding=raw.encoding.spoken if raw.encoding else None,
        encoding_candidates=[],
        datum=found,
        ambiguous=asked,
        evidence=evidence,
        candidates=candidates,
        points=points[step],
        preview=_preview(straight[step], candidates),
        warnings=warnings,
    )


def _sample(raw: Raw, most: int = 20) -> pd.DataFrame:
    head = raw.table.slice(0, most)
    cells = {name: values.text_column(head.column(name)).to_pandas().to_numpy() for name in head.column_names}
    return pd.DataFrame(cells, index=pd.Index(raw.rows[:most], name="row"), dtype="str")


def _preview(points: NDArray[np.float64], candidates: list[Candidate]) -> dict[str, NDArray[Any]]:
    out = {}
    for candidate in candidates:
        lonlat = np.column_stack(crs.to_cgcs2000(candidate.datum, points[:, 0], points[:, 1]))
        out[candidate.datum] = lonlat[np.isfinite(lonlat).all(axis=1)]
    return out
