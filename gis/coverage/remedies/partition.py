"""A partition that cannot tear: borders noded together, faces given to owners, dissolved.

This is the algebra every boundary edit is made of, pure shapely: no database, no screen.
The borders of the grids, of the communities and of the allowed gaps around a place, and the
lines an edit draws, are noded on one fixed grid of coordinates and polygonized. Each face
knows which grids claim it, which community it lies in, and whether it may stay unclaimed.
An edit changes who owns which face and nothing else, so neighbours share every vertex by
construction: no gap and no overlap can come into being along a border both sides of which
are made of the same faces. What was wrong before and is not the edit's business stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely

from gis.coverage.remedies.errors import OutsideCommunity
from gis.coverage.remedies.errors import WouldBreak

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from numpy.typing import NDArray

STEP = 1e-13
"""Degrees between two possible new coordinates, ten millionths of a millimetre: ten times what a
float tells apart here. Vertices that were there keep their own coordinates. Coarser steps leave
lines beside each other that later overlays, made without a step, get wrong (seen at 1e-11)."""

NEAR = 1e-10
"""Degrees by which a place from the database may miss the face it was made of."""

DUST_M2 = 0.01
"""Square metres below which a face is the rounding of coordinates (``dust_m2`` of docs/rules.md)."""

SCRAP = 0.1
"""A piece that an edit cuts off a grid goes to a neighbour while it is at most this share of the grid."""

DEGREE_M = 111_195.0
"""Metres of a degree of latitude, nearly."""


@dataclass(frozen=True)
class Partition:
    """The land around a place and who claims it, in EPSG:4490.

    Attributes
    ----------
    grids : dict of str to Polygon or MultiPolygon
        Shapes of the grids in force by code: those that may change and all that touch them.
    homes : dict of str to int or None
        Community each grid belongs to; None: it belongs to none.
    areas : dict of int to Polygon or MultiPolygon
        Communities around, by number.
    excluded : sequence of Polygon or MultiPolygon
        Land that no grid has to claim.
    """

    grids: Mapping[str, Any]
    homes: Mapping[str, int | None]
    areas: Mapping[int, Any]
    excluded: Sequence[Any] = ()


@dataclass(frozen=True)
class Move:
    """Land that changed hands: who had it (nobody: empty), who has it now (None: nobody), where."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    geometry: Any


@dataclass(frozen=True)
class Edit:
    """What a remedy changes.

    Attributes
    ----------
    shapes : dict of str to MultiPolygon or None
        New shapes by code; None: the grid is merged into another and ends.
    made : dict of str to str
        Codes of grids that did not exist, each with the grid it was split from ("" if from none).
    homes : dict of str to int or None
        Communities of those grids.
    moves : list of Move
        Land that changed hands, one entry per pair of owners.
    """

    shapes: dict[str, Any]
    made: dict[str, str] = field(default_factory=dict)
    homes: dict[str, int | None] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)


class Mesh:
    """Faces of a partition and their owners.

    Attributes
    ----------
    faces : array of Polygon
        Faces; they touch along whole edges and share every vertex.
    owners : list of frozenset of str
        Codes of the grids that claim each face.
    area : list of int or None
        Community each face lies in (the lowest number where two claim it).
    free : array of bool
        Whether the face may stay unclaimed: outside every community, or in an allowed gap.
    """

    def __init__(self, partition: Partition, lines: Iterable[Any] = ()) -> None:
        self.partition = partition
        self.homes = dict(partition.homes)
        self.made: dict[str, str] = {}
        codes, areas = list(partition.grids), sorted(partition.areas)
        grids = np.array([partition.grids[code] for code in codes], dtype=object)
        lands = np.array([partition.areas[number] for number in areas], dtype=object)
        holes = np.array(list(partition.excluded), dtype=object)
        given = np.concatenate([grids, lands, holes])
        self.faces = _restored(_faces([*shapely.boundary(given), *lines]), shapely.get_coordinates(given))
        inside = shapely.point_on_surface(self.faces)
        claims: list[set[str]] = [set() for _ in self.faces]
        for face, grid in _covering(inside, grids):
            claims[face].add(codes[grid])
        self.owners = [frozenset(claim) for claim in claims]
        self.before = list(self.owners)
        self.area: list[int | None] = [None] * len(self.faces)
        for face, land in sorted(_covering(inside, lands), reverse=True):
            self.area[face] = areas[land]
        self.free = np.array([number is None for number in self.area], dtype=bool)
        for face, _hole in _covering(inside, holes):
            self.free[face] = True
        # Metres, nearly: degrees of longitude are shortened by the cosine of the latitude here.
        bounds = shapely.total_bounds(self.faces) if len(self.faces) else np.zeros(4)
        self.squeeze = float(np.cos(np.radians((bounds[1] + bounds[3]) / 2)))
        self.edges = _edges(self.faces, self.squeeze)

    def owned(self, code: str) -> list[int]:
        """Give the faces a grid claims."""
        return [i for i, claim in enumerate(self.owners) if code in claim]

    def within(self, place: Any) -> list[int]:  # noqa: ANN401 - shapely has no types
        """Give the faces that lie in a place; of a point, the face around it."""
        if shapely.get_dimensions(place) == 0:
            return np.flatnonzero(shapely.covers(self.faces, place)).tolist()
        return np.flatnonzero(shapely.distance(place, shapely.point_on_surface(self.faces)) <= NEAR).tolist()

    def gaps(self, place: Any = None) -> list[int]:  # noqa: ANN401
        """Give the faces that somebody should claim and nobody does, of a place or of all."""
        wanted = range(len(self.faces)) if place is None else self.within(place)
        return [i for i in wanted if not self.owners[i] and not self.free[i]]

    def give(self, faces: Iterable[int], to: str) -> None:
        """Let one grid be the only owner of faces.

        Raises
        ------
        OutsideCommunity
            A face that is more than dust lies outside the community of the grid.
        """
        chosen = list(faces)
        home = self.homes.get(to)
        if home is not None:
            strange = [i for i in chosen if self.area[i] != home and to not in self.before[i]]
            if square_metres(self.faces[strange]) > DUST_M2:
                raise OutsideCommunity(grid=to)
        for i in chosen:
            self.owners[i] = frozenset({to})

    def drop(self, faces: Iterable[int], grid: str) -> None:
        """Take one owner from faces."""
        for i in faces:
            self.owners[i] -= {grid}

    def add(self, code: str, home: int | None, source: str = "") -> None:
        """Make a grid that has no land yet, split from ``source`` or new."""
        self.homes[code] = home
        self.made[code] = source

    def pieces(self, faces: Sequence[int]) -> list[list[int]]:
        """Give connected groups of faces, largest first; a common point does not connect."""
        wanted = set(faces)
        groups = []
        while wanted:
            group, todo = [], [wanted.pop()]
            while todo:
                one = todo.pop()
                group.append(one)
                beside = [other for other in self.edges.get(one, {}) if other in wanted]
                wanted.difference_update(beside)
                todo += beside
            groups.append(sorted(group))
        return sorted(groups, key=lambda group: (-self.size(group), group))

    def size(self, faces: Sequence[int]) -> float:
        """Give the area of faces, in square degrees: to compare shares within one place."""
        return float(shapely.area(self.faces[list(faces)]).sum())

    def shared(self, faces: Sequence[int]) -> dict[str, float]:
        """Give the grids that touch faces from outside, with the length of the common border (m)."""
        chosen = set(faces)
        found: dict[str, float] = {}
        for one in chosen:
            for other, length in self.edges.get(one, {}).items():
                if other not in chosen:
                    for code in self.owners[other]:
                        found[code] = found.get(code, 0.0) + length
        return found

    def neighbour(self, faces: Sequence[int], home: int | None, *but: str) -> str | None:
        """Give the grid of a community that surrounds faces most; None where none touches them."""
        lengths = self.shared(faces)
        able = [code for code in lengths if code not in but and self.homes.get(code) == home]
        return min(able, key=lambda code: (-round(lengths[code], 6), code), default=None)

    def heal(self, *givers: str) -> None:
        """Give scraps that an edit cut off a grid to the neighbour that surrounds them most."""
        for grid in givers:
            whole = self.owned(grid)
            held = len(self.pieces([i for i, claim in enumerate(self.before) if grid in claim]))
            groups = self.pieces(whole)
            for group in reversed(groups[max(held, 1) :]):
                alone = all(self.owners[i] == {grid} for i in group)
                taker = self.neighbour(group, self.homes.get(grid), grid)
                if alone and taker and self.size(group) <= SCRAP * self.size(whole):
                    self.give(group, taker)
                elif square_metres(self.faces[group]) <= DUST_M2 / 100:
                    self.drop(group, grid)  # less than a hair, and nobody there to have it

    def shape(self, code: str) -> Any:  # noqa: ANN401
        """Give the land of a grid as a MultiPolygon; None where it has none left."""
        faces = self.owned(code)
        return multi(shapely.coverage_union_all(self.faces[faces])) if faces else None

    def edit(self) -> Edit:
        """Sum up what changed, after looking whether anything broke.

        Raises
        ------
        WouldBreak
            Land that was claimed once would be claimed by nobody or by more grids than before.
        """
        differ = [i for i, was in enumerate(self.before) if was != self.owners[i]]
        lost = [i for i in differ if self.before[i] and not self.owners[i] and not self.free[i]]
        contested = [i for i in differ if len(self.owners[i]) > max(len(self.before[i]), 1)]
        if square_metres(self.faces[lost]) > DUST_M2 or square_metres(self.faces[contested]) > DUST_M2:
            raise WouldBreak
        touched = sorted({code for i in differ for code in self.before[i] ^ self.owners[i]})
        pairs: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
        for i in differ:
            pairs.setdefault((tuple(sorted(self.before[i])), tuple(sorted(self.owners[i]))), []).append(i)
        moves = [
            Move(before, after, shapely.coverage_union_all(self.faces[faces]))
            for (before, after), faces in pairs.items()
        ]
        homes = {code: self.homes[code] for code in self.made}
        return Edit({code: self.shape(code) for code in touched}, dict(self.made), homes, moves)


def multi(shape: Any) -> Any:  # noqa: ANN401
    """Give the polygons of a shape as a MultiPolygon."""
    parts = [part for part in shapely.get_parts(shapely.get_parts([shape])) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def square_metres(shapes: Any) -> float:  # noqa: ANN401
    """Area of a shape or of an array of shapes that do not overlap, to about one percent (m²).

    Counted between straight lines of longitude and latitude, as the overlays are made: on the
    ellipsoid the edge of 100 m that got a vertex in its middle encloses 0.01 m² more than before.
    """
    parts = shapely.get_parts(np.atleast_1d(shapes))
    heights = np.radians((shapely.bounds(parts)[:, 1] + shapely.bounds(parts)[:, 3]) / 2)
    return float(np.nansum(shapely.area(parts) * DEGREE_M**2 * np.cos(heights)))


def _faces(lines: Sequence[Any]) -> NDArray[Any]:
    """Node lines together on the grid of coordinates and give the faces between them."""
    known = np.array([line for line in lines if line is not None and not shapely.is_empty(line)], dtype=object)
    if not len(known):
        return known
    noded = shapely.union_all(known, grid_size=STEP)
    made = shapely.get_parts(shapely.polygonize(shapely.get_parts([noded])))
    found: NDArray[Any] = made[shapely.area(made) > 0]
    return found


def _restored(faces: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """Give the vertices of faces that were there before their own coordinates back.

    All faces at a vertex get the same ones. So a border that an edit does not change stays as its
    other side has it, to the last bit: lines that run a hair beside each other are what overlays
    fail on.
    """
    if not len(faces) or not len(given):
        return faces
    keys, first = np.unique(np.rint(given / STEP).astype(np.int64), axis=0, return_index=True)
    known = {(x, y): n for (x, y), n in zip(keys.tolist(), first.tolist(), strict=True)}

    def back(at: NDArray[Any]) -> NDArray[Any]:
        places = np.array([known.get((x, y), -1) for x, y in np.rint(at / STEP).astype(np.int64).tolist()])
        return np.where((places >= 0)[:, None], given[places], at)

    found: NDArray[Any] = shapely.transform(faces, back)
    return found


def _covering(points: NDArray[Any], shapes: NDArray[Any]) -> list[tuple[int, int]]:
    """Give (point, shape) for each shape that covers a point."""
    if not len(points) or not len(shapes):
        return []
    point, shape = shapely.STRtree(shapes).query(points, predicate="covered_by")
    return list(zip(point.tolist(), shape.tolist(), strict=True))


def _edges(faces: NDArray[Any], squeeze: float) -> dict[int, dict[int, float]]:
    """Give for each face those it has an edge in common with, and how long it is in metres, nearly."""
    coords, ring_of = [], []
    for number, face in enumerate(faces):
        for ring in (face.exterior, *face.interiors):
            at = shapely.get_coordinates(ring)
            coords.append(np.hstack([at[:-1], at[1:]]))
            ring_of.append(np.full(len(at) - 1, number))
    if not coords:
        return {}
    pieces, owner = np.concatenate(coords), np.concatenate(ring_of)
    turned = (pieces[:, 0] > pieces[:, 2]) | ((pieces[:, 0] == pieces[:, 2]) & (pieces[:, 1] > pieces[:, 3]))
    pieces[turned] = pieces[turned][:, [2, 3, 0, 1]]
    order = np.lexsort(pieces.T)
    same = np.all(pieces[order][1:] == pieces[order][:-1], axis=1)
    found: dict[int, dict[int, float]] = {}
    for first in np.flatnonzero(same):
        i, j = order[first], order[first + 1]
        a, b = int(owner[i]), int(owner[j])
        x0, y0, x1, y1 = pieces[i]
        metres = DEGREE_M * float(np.hypot((x1 - x0) * squeeze, y1 - y0))
        for one, other in ((a, b), (b, a)):
            lengths = found.setdefault(one, {})
            lengths[other] = lengths.get(other, 0.0) + metres
    return found
