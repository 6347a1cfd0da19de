"""What the rooms of the intake hand each other: small frozen dataclasses, no work.

``Prepared`` is what leaves the intake for the database or for a check; ``Inspection`` is
what the page and ``--dry-run`` show before anything is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyproj import CRS

    from gis.datasets import Dataset
    from gis.intake.columns import Column
    from gis.intake.encodings import Verdict


@dataclass(frozen=True)
class Note:
    """Something about one row that has to be told.

    Attributes
    ----------
    row : int
        1-based row of the source.
    code : str
        Machine key.
    words : str
        The same in the user's language.
    """

    row: int
    code: str
    words: str


@dataclass
class Raw:
    """One layer of a file as it stands there, nothing dropped but unreadable rows.

    Attributes
    ----------
    name, layer : str, str or None
        What was read; ``layers`` are all there are.
    kind : str
        Kind of the file (:class:`gis.intake.staging.Staged`).
    table : pyarrow.Table
        Attributes; names are unique; text files give text columns only.
    rows : ndarray of int, (n,)
        Source row of each row, 1-based.
    geometry : ndarray of shapely geometry, (n,), or None
        In the file's own coordinates; None when the format has no geometry.
    crs : pyproj.CRS or None
        Declared reference system.
    declared : str
        Who declares it: ``file``, ``format`` (GeoJSON, KML), or ``""``.
    rejects, repairs : list of Note
        Rows that could not be read, and geometries mended while reading.
    rows_read : int
        Rows of the source, unreadable ones included.
    wkb : Column or None
        Geometry that was left undecoded (``open_file(decode=False)``); ``geometry`` is None then.
    """

    name: str
    layer: str | None
    layers: list[str]
    kind: str
    table: pa.Table
    rows: NDArray[np.int64]
    geometry: NDArray[np.object_] | None
    crs: CRS | None
    declared: str
    encoding: Verdict | None
    sha256: str
    rows_read: int
    rejects: list[tuple[Note, dict[str, Any]]] = field(default_factory=list)
    repairs: list[Note] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wkb: Column | None = None

    @property
    def drawn(self) -> bool:
        """Whether the file itself has geometry."""
        return self.geometry is not None or self.wkb is not None


@dataclass(frozen=True)
class Source:
    """Where a frame came from and how it was read: one row of ``atlas.import``.

    Attributes
    ----------
    filename, layer : str, str or None
        Name of the file (no folder) and of its layer or sheet.
    sha256 : str
        Hash of the file (of a shapefile: of all its parts).
    encoding : str or None
        Encoding of the text; None where the format fixes it.
    datum : str
        A value of ``gis.vocabulary.Datum`` or ``EPSG:n``; ``none`` for a file without places.
    datum_evidence : dict
        Why this datum: ``how`` is ``given``, ``declared``, ``control``, ``prefix``,
        ``outside_china`` or ``absent``; the rest are the figures behind it.
    mapping : dict
        Field -> column of the file; ``@lon``, ``@lat``, ``@wkt`` are the place.
    rows_read : int
        Rows of the source, bad ones included.
    fingerprint : str
        Hash of dataset, network, level, layer, mapping, datum and encoding: with the same
        ``sha256`` a second import changes nothing.
    """

    filename: str
    layer: str | None
    sha256: str
    encoding: str | None
    datum: str
    datum_evidence: dict[str, Any]
    mapping: dict[str, str]
    rows_read: int
    fingerprint: str


@dataclass(frozen=True)
class Prepared:
    """A file turned into a clean frame, with an account of every row that was not clean.

    Attributes
    ----------
    dataset : Dataset
        What the rows are.
    frame : GeoDataFrame
        The clean frame of docs/architecture.md: EPSG:4490, index = 1-based source row.
        Text is pandas ``str``, integers ``Int64``, dates ``datetime64`` at midnight without
        zone, timestamps ``datetime64[us, UTC]``; enum columns hold the enum's values.
    rejects : DataFrame
        ``row`` (int), ``reason`` (translated words), ``code`` (machine key), ``original``
        (the row as JSON).
    repairs : DataFrame
        ``row`` (int), ``repair`` (translated words), ``code`` (machine key).
    source : Source
        Where it came from.
    warnings : list of str
        Sentences the user should read; nothing was refused for them.
    originals : callable, optional
        Source rows -> the rows as they stood in the file, for rows only the database can refuse.
    """

    dataset: Dataset
    frame: gpd.GeoDataFrame
    rejects: pd.DataFrame
    repairs: pd.DataFrame
    source: Source
    warnings: list[str] = field(default_factory=list)
    originals: Callable[[list[int]], dict[int, dict[str, Any]]] | None = None


@dataclass(frozen=True)
class Control:
    """Stored building points that a file's coordinates are compared with.

    Attributes
    ----------
    points : ndarray of float, (n, 2)
        Longitude and latitude, CGCS2000, degrees.
    codes : ndarray of str, (n,), or None
        Codes of the same buildings; where the file has the same codes they are matched first.
    """

    points: NDArray[np.float64]
    codes: NDArray[np.object_] | None = None


@dataclass(frozen=True)
class Proposal:
    """One field and the column that seems to fill it.

    Attributes
    ----------
    field, label : str
        Canonical name and its label in the user's language.
    column : str or None
        Column of the file; None when nothing fits.
    confidence : float
        0 to 1; below ``gis.intake.fields.ENOUGH`` it is only suggested, not used.
    """

    field: str
    label: str
    column: str | None
    confidence: float


@dataclass(frozen=True)
class Candidate:
    """One reference system the coordinates may be in.

    Attributes
    ----------
    datum : str
        A value of ``Datum`` or ``EPSG:n``.
    reason : str
        Why it is possible, in the user's language.
    median_m : float or None
        Median distance to the control buildings, metres, when there are any.
    """

    datum: str
    reason: str
    median_m: float | None = None


@dataclass(frozen=True)
class Inspection:
    """What a file looks like before it is taken in.

    Attributes
    ----------
    layers : list of str
        Layers or sheets; ``layer`` is the one looked at.
    columns : list of str
        Columns of that layer.
    sample : DataFrame
        First rows as text.
    mapping : list of Proposal
        One per field of the dataset, places included.
    encoding : str or None
        Encoding that will be used; ``encoding_candidates`` when it is ambiguous.
    datum : str or None
        Datum that will be used; None when it has to be asked (``ambiguous``).
    candidates : list of Candidate
        Datums that are possible, most likely first.
    points : ndarray of float, (n, 2)
        Up to 2 000 positions as they stand in the file, for a preview.
    preview : dict of str to ndarray
        The same positions in longitude/latitude under each candidate datum.
    """

    filename: str
    layers: list[str]
    layer: str | None
    columns: list[str]
    rows: int
    sample: pd.DataFrame
    mapping: list[Proposal]
    encoding: str | None
    encoding_candidates: list[str]
    datum: str | None
    ambiguous: bool
    evidence: dict[str, Any]
    candidates: list[Candidate]
    points: NDArray[np.float64]
    preview: dict[str, NDArray[np.float64]]
    warnings: list[str] = field(default_factory=list)
