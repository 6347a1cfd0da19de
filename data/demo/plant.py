"""Planting flaws of land: gaps, slivers, overlaps, bulges, detached blocks.

A flaw of land is a face of the exact partition with another owner than it should have:
nobody, two grids, or a grid elsewhere. So the planter adds lines that begin and end at
vertices that are there, and notes for each new face, by a point in it, whose it becomes.
Each grid takes part in at most one flaw, so that none hides another.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import LineString
from shapely import Point
from shapely import Polygon

from data.demo.ground import pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from data.demo.ground import Faces

Path = list[tuple[float, float]]


@dataclass(frozen=True)
class Deed:
    """What was done to the face around a point.

    Attributes
    ----------
    kind : str
        One of the kinds of ``docs/demo.md``.
    act : str
        ``drop``: nobody's; ``share``: also ``taker``'s; ``move``: ``taker``'s only.
    probe : shapely.Point
        A point inside the face, ground metres.
    owner, taker : int
        Cells: whose it is by the plan, who takes it (-1: nobody).
    use : str
        What is built there; empty: what the plan says.
    households : int
        Households on land that nobody has.
    """

    kind: str
    act: str
    probe: Point
    owner: int
    taker: int = -1
    use: str = ""
    households: int = 0


class Planter:
    """Finds places for flaws on a finished partition and keeps what was done.

    Parameters
    ----------
    faces : Faces
        The clean partition, ground metres.
    lines : array of LineString
        Its two-point segments.
    rng : numpy.random.Generator
        Source of chance.
    """

    def __init__(self, faces: Faces, lines: NDArray[np.object_], rng: np.random.Generator) -> None:
        self.faces = faces
        self.rng = rng
        self.lines = lines
        self.added: list[NDArray[np.object_]] = []
        self.deeds: list[Deed] = []
        self.used: set[int] = set()
        self.count = int(faces.cell.max()) + 1
        self.cells = np.array([faces.union(faces.cell == i) for i in range(self.count)], dtype=object)
        self.community = np.array([faces.community[faces.cell == i][0] for i in range(self.count)])
        self.tree = shapely.STRtree(lines)
        ends, number = np.unique(shapely.get_coordinates(lines), axis=0, return_counts=True)
        self.degree = dict(zip(map(tuple, ends.tolist()), number.tolist(), strict=True))
        a, b = shapely.STRtree(self.cells).query(self.cells, predicate="touches")
        self.near = np.column_stack((a, b))

    @property
    def segments(self) -> NDArray[np.object_]:
        """All segments, the added ones included."""
        return np.concatenate([self.lines, *self.added])

    def bulge(
        self,
        kind: str,
        act: str,
        depth: float,
        *,
        least: float,
        across: bool = False,
        corner: bool = False,
        most: float = 1e9,
    ) -> bool:
        """Push a stretch of the border between two grids ``depth`` metres into one of them.

        Parameters
        ----------
        kind, act : str
            As in :class:`Deed`; the neighbour is the taker (``drop``: nobody is).
        depth : float
            Metres the border moves.
        least, most : float
            Least and greatest length of the stretch, metres.
        across : bool
            Whether the two grids belong to different communities (else to the same one).
        corner : bool
            Take a stretch of two segments only, which gives a triangle.

        Returns
        -------
        bool
            Whether a place was found.
        """
        for a, b in self.near[self.rng.permutation(len(self.near))].tolist():
            if {a, b} & self.used or (self.community[a] != self.community[b]) != across:
                continue
            for path in self._paths(self.cells[a], self.cells[b], least):
                found = self._bend(self._shortened(path, most, corner=corner), depth, self.cells[b])
                if found is not None:
                    self._add(
                        found[0],
                        Deed(kind, act, found[1].representative_point(), b, -1 if act == "drop" else a, "none"),
                        a,
                    )
                    return True
        return False

    def beside_rail(self, kind: str, depth: float, least: float) -> bool:
        """Leave a strip along the railway unclaimed."""
        rail = shapely.union_all(self.faces.polygons[self.faces.use == "rail"])
        for b in self.rng.permutation(self.count).tolist():
            if b in self.used or not self.cells[b].intersects(rail):
                continue
            for path in self._paths(rail, self.cells[b], least):
                found = self._bend(path, depth, self.cells[b])
                if found is not None:
                    self._add(found[0], Deed(kind, "drop", found[1].representative_point(), b, -1, "none"), b)
                    return True
        return False

    def hole(self, kind: str, wide: float, deep: float, use: str, households: int) -> bool:
        """Cut a rectangle out of the middle of a block."""
        for i in self._blocks(("slabs", "villas", "towers"), 12_000, 60_000):
            block = self.faces.polygons[i]
            box = shapely.get_coordinates(shapely.oriented_envelope(block))
            along = (box[1] - box[0]) / np.hypot(*(box[1] - box[0]))
            across = np.array([-along[1], along[0]])
            centre = np.array(block.centroid.coords[0])
            ring = [
                centre + along * u * wide / 2 + across * v * deep / 2 for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            shape = Polygon(ring)
            if block.buffer(-12).contains(shape):
                b = int(self.faces.cell[i])
                self._add(
                    LineString(shape.exterior.coords), Deed(kind, "drop", shape.centroid, b, -1, use, households), b
                )
                return True
        return False

    def lost_block(self, kind: str, households: int) -> bool:
        """Leave a whole block of homes to nobody; its grid stays in one piece and keeps homes."""
        for i in self._blocks(("slabs", "towers"), 11_000, 45_000):
            b = int(self.faces.cell[i])
            rest = (self.faces.cell == b) & (np.arange(len(self.faces.cell)) != i)
            inner = self.faces.polygons[i].touches(shapely.union_all(self.cells[self.community != self.community[b]]))
            if not inner and self._whole(rest) and self._homes(rest):
                self.deeds.append(Deed(kind, "drop", self._probe(i), b, -1, "", households))
                self.used.add(b)
                return True
        return False

    def shared_block(self, kind: str) -> bool:
        """Let two neighbours of one community claim the same block."""
        for i in self._blocks(("houses", "walkup", "slabs"), 5_000, 30_000):
            b = int(self.faces.cell[i])
            for a in np.unique(self.near[self.near[:, 0] == b, 1]).tolist():
                common = shapely.intersection(self.faces.polygons[i], self.cells[a])
                if a not in self.used and self.community[a] == self.community[b] and common.length > 40:  # noqa: PLR2004 - m
                    self.deeds.append(Deed(kind, "share", self._probe(i), b, a))
                    self.used |= {a, b}
                    return True
        return False

    def detached_block(self, kind: str) -> bool:
        """Give a block to a grid of the same community that it does not touch."""
        for i in self._blocks(("houses", "walkup", "slabs", "towers"), 5_000, 30_000):
            b = int(self.faces.cell[i])
            rest = (self.faces.cell == b) & (np.arange(len(self.faces.cell)) != i)
            small = self.faces.polygons[i].area < 0.6 * self.cells[b].area
            if not small or not self._whole(rest) or not self._homes(rest):
                continue
            for a in np.flatnonzero(self.community == self.community[b]).tolist():
                if a not in self.used and a != b and self.faces.polygons[i].distance(self.cells[a]) > 30:  # noqa: PLR2004 - m
                    self.deeds.append(Deed(kind, "move", self._probe(i), b, a))
                    self.used |= {a, b}
                    return True
        return False

    def _blocks(self, uses: tuple[str, ...], least: float, most: float) -> Iterator[int]:
        """Faces of some uses and sizes whose grid takes part in no flaw, by lot."""
        area = shapely.area(self.faces.polygons)
        good = np.isin(self.faces.use, uses) & (area >= least) & (area <= most) & (self.faces.cell >= 0)
        for i in self.rng.permutation(np.flatnonzero(good)).tolist():
            if int(self.faces.cell[i]) not in self.used:
                yield i

    def _probe(self, face: int) -> Point:
        return Point(shapely.point_on_surface(self.faces.polygons[face]))

    def _whole(self, which: NDArray[np.bool_]) -> bool:
        return bool(which.any()) and len(shapely.get_parts(self.faces.union(which))) == 1

    def _homes(self, which: NDArray[np.bool_]) -> bool:
        home = np.isin(self.faces.use, ("houses", "walkup", "slabs", "towers", "villas", "dormitory"))
        return float(shapely.area(self.faces.polygons[which & home]).sum()) > 12_000  # noqa: PLR2004 - m2

    def _paths(self, a: shapely.Geometry, b: shapely.Geometry, least: float) -> Iterator[Path]:
        """Stretches of the common border at which no other line ends, at least so long."""
        common = shapely.intersection(a, b)
        parts = [part for part in shapely.get_parts(common) if part.geom_type == "LineString"]
        if not parts:
            return
        for line in shapely.get_parts(shapely.line_merge(shapely.union_all(parts))):
            coords = [tuple(xy) for xy in shapely.get_coordinates(line).tolist()]
            cuts = [n for n, xy in enumerate(coords) if n in (0, len(coords) - 1) or self.degree.get(xy, 0) != 2]  # noqa: PLR2004 - an end of two segments
            for first, last in pairwise(cuts):
                path = coords[first : last + 1]
                if len(path) > 2 and LineString(path).length >= least and all(xy in self.degree for xy in path):  # noqa: PLR2004 - something to move
                    yield path

    @staticmethod
    def _shortened(path: Path, most: float, *, corner: bool) -> Path:
        if corner:
            middle = len(path) // 2
            return path[middle - 1 : middle + 2]
        while len(path) > 3 and LineString(path).length > most:  # noqa: PLR2004 - something to move
            path = path[:-1]
        return path

    def _bend(self, path: Path, depth: float, side: Polygon) -> tuple[LineString, Polygon] | None:
        """Move the inner vertices of a path into ``side``; None when that meets another line."""
        xy = np.array(path)
        step = np.diff(xy, axis=0)
        normal = np.column_stack((-step[:, 1], step[:, 0])) / np.hypot(step[:, 0], step[:, 1])[:, None]
        normal = normal[:-1] + normal[1:]
        normal /= np.hypot(normal[:, 0], normal[:, 1])[:, None]
        for sign in (1.0, -1.0):
            moved = np.vstack((xy[:1], xy[1:-1] + sign * depth * normal, xy[-1:]))
            piece = Polygon(np.vstack((xy, moved[-2:0:-1])))
            if piece.is_valid and side.buffer(0.01).contains(piece):
                ends = {path[0], path[-1]}
                line = LineString(moved)
                for n in self.tree.query(piece, predicate="intersects"):
                    a, b = (tuple(c) for c in shapely.get_coordinates(self.lines[n]).tolist())
                    if {a, b} <= set(path):
                        continue
                    if not {a, b} & ends or shapely.intersection(self.lines[n], piece).length > 1e-6:  # noqa: PLR2004 - m
                        return None
                return line, piece
        return None

    def _add(self, line: LineString, deed: Deed, other: int) -> None:
        self.added.append(pairs(np.array([line])))
        self.deeds.append(deed)
        self.used |= {deed.owner, other}


def plant_land(planter: Planter, kinds: tuple[str, ...]) -> None:
    """Plant the flaws of land named in ``kinds``, each once per mention; those without a place are left out."""
    acts: dict[str, Callable[[str], bool]] = {
        "estate_gap": lambda k: planter.lost_block(k, 310),
        "rail_gap": lambda k: planter.beside_rail(k, 14.0, 180.0),
        "hole_gap": lambda k: planter.hole(k, 48.0, 40.0, "houses", 9),
        "road_gap": lambda k: planter.bulge(k, "drop", 11.0, least=150.0, across=True),
        "sliver_gap": lambda k: planter.bulge(k, "drop", 0.3, least=110.0, most=240.0),
        "sliver_overlap": lambda k: planter.bulge(k, "share", 0.3, least=110.0, most=240.0),
        "block_overlap": planter.shared_block,
        "strip_overlap": lambda k: planter.bulge(k, "share", 12.0, least=140.0, most=300.0),
        "corner_overlap": lambda k: planter.bulge(k, "share", 24.0, least=70.0, corner=True),
        "stray_bulge": lambda k: planter.bulge(k, "move", 25.0, least=130.0, across=True, most=260.0),
        "detached_block": planter.detached_block,
        "long_gap": lambda k: planter.bulge(k, "drop", 12.0, least=150.0, across=True),
        "short_gap": lambda k: planter.bulge(k, "drop", 18.0, least=70.0, across=True, corner=True),
    }
    for kind in kinds:
        acts[kind](kind)
