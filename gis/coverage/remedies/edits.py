"""The boundary edits: what each remedy does to a partition, without a database.

Each function takes the land around a place and gives an :class:`~gis.coverage.remedies.partition.Edit`,
or raises why it cannot be done. None makes a gap or an overlap, none takes land out of its
community, and what was not the finding's business stays as it was. Cutting a grid in several
is in :mod:`gis.coverage.remedies.split`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely

from gis.coverage.remedies.errors import NoNeighbour
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.errors import Unrepairable
from gis.coverage.remedies.partition import DEGREE_M
from gis.coverage.remedies.partition import DUST_M2
from gis.coverage.remedies.partition import NEAR
from gis.coverage.remedies.partition import STEP
from gis.coverage.remedies.partition import Mesh
from gis.coverage.remedies.partition import square_metres
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.coverage.remedies.partition import Edit
    from gis.coverage.remedies.partition import Partition

MARGIN_M = 0.5
"""How far a border that is moved around a building stays away from it, where there is room."""


def give_gap(partition: Partition, place: Any, to: str) -> Edit:  # noqa: ANN401 - shapely has no types
    """Give unclaimed land to a grid that touches it."""
    mesh = Mesh(partition)
    gap = _gap(mesh, place)
    mesh.give(gap, to)
    return _finished(mesh, receivers=(to,))


def cover_gap(partition: Partition, place: Any, code: str, home: int | None) -> Edit:  # noqa: ANN401
    """Make a new grid of unclaimed land."""
    mesh = Mesh(partition)
    gap = _gap(mesh, place)
    mesh.add(code, home)
    mesh.give(gap, code)
    return mesh.edit()


def share_gap(partition: Partition, place: Any) -> Edit:  # noqa: ANN401
    """Give unclaimed land to all grids along it, each the part before its own border.

    For gaps and seams that run past several grids: where two neighbours meet at the gap it is
    cut straight across, and each portion goes to the grid of its community with the longest
    common border.
    """
    first = Mesh(partition)
    mesh = Mesh(partition, _crossings(first, _gap(first, place)))
    left = set(_gap(mesh, place))
    receivers: set[str] = set()
    while left:
        able = {i: taker for i in left if (taker := mesh.neighbour([i], mesh.area[i]))}
        if not able:
            break
        for i, taker in able.items():
            mesh.give([i], taker)
            receivers.add(taker)
        left.difference_update(able)
    if left and square_metres(mesh.faces[sorted(left)]) > DUST_M2:
        raise NoNeighbour
    return _finished(mesh, receivers=tuple(receivers))


def settle_overlap(partition: Partition, one: str, other: str, to: str | None = None) -> Edit:
    """Let one of two grids have the land both claim; without ``to`` each what lies in its community."""
    mesh = Mesh(partition)
    both = [i for i, claim in enumerate(mesh.owners) if {one, other} <= claim]
    if not both:
        raise NothingLeft
    for i in both:
        winner = to or next((grid for grid in (one, other) if mesh.homes.get(grid) == mesh.area[i]), None)
        if winner:
            mesh.drop([i], other if winner == one else one)
    losers = [grid for grid in (one, other) if grid != to]
    _refuse_empty(mesh, *losers)
    return _finished(mesh, givers=tuple(losers))


def cut_back(partition: Partition, grid: str) -> Edit:
    """Take a grid back behind the border of its community; what it leaves goes to whose land it is."""
    mesh = Mesh(partition)
    home = mesh.homes.get(grid)
    stray = [i for i in mesh.owned(grid) if mesh.area[i] != home]
    if home is None or not stray:
        raise NothingLeft
    mesh.drop(stray, grid)
    _refuse_empty(mesh, grid)
    receivers: set[str] = set()
    for number in sorted({mesh.area[i] for i in stray} - {None}, key=str):
        left = [i for i in stray if mesh.area[i] == number and not mesh.owners[i] and not mesh.free[i]]
        for piece in mesh.pieces(left):
            taker = mesh.neighbour(piece, number, grid)
            if taker:
                mesh.give(piece, taker)
                receivers.add(taker)
            elif square_metres(mesh.faces[piece]) > DUST_M2:
                raise NoNeighbour
    return _finished(mesh, givers=(grid,), receivers=tuple(receivers))


def join_piece(partition: Partition, place: Any, grid: str, to: str | None = None) -> Edit:  # noqa: ANN401
    """Give a detached piece of a grid to the grid that surrounds it most, or to ``to``."""
    mesh = Mesh(partition)
    piece = _piece(mesh, place, grid)
    mesh.drop(piece, grid)
    receivers: set[str] = set()
    for group in mesh.pieces([i for i in piece if not mesh.owners[i]]):
        taker = to or mesh.neighbour(group, mesh.homes.get(grid), grid)
        if taker is None:
            raise NoNeighbour
        mesh.give(group, taker)
        receivers.add(taker)
    return _finished(mesh, receivers=tuple(receivers))


def free_piece(partition: Partition, place: Any, grid: str, code: str) -> Edit:  # noqa: ANN401
    """Make a detached piece of a grid a grid of its own."""
    mesh = Mesh(partition)
    piece = _piece(mesh, place, grid)
    mesh.add(code, mesh.homes.get(grid), grid)
    _hand_over(mesh, piece, grid, code)
    return mesh.edit()


def move_border(partition: Partition, building: Any, to: str, others: Sequence[Any] = ()) -> Edit:  # noqa: ANN401
    """Lead the border around a building, so that it stands wholly in one grid.

    Parameters
    ----------
    partition : Partition
        The land around.
    building : Polygon or MultiPolygon
        Footprint, or a disc around the point of a building that has none.
    to : str
        Grid it shall stand in.
    others : sequence of Polygon or MultiPolygon
        Footprints nearby: the border keeps a margin only where it cuts none of them.
    """
    room = _room(building, others)
    mesh = Mesh(partition, [shapely.boundary(building), shapely.boundary(room)])
    home = mesh.homes.get(to)
    inner = set(mesh.within(building))
    chosen = [
        i
        for i in mesh.within(room)
        if (mesh.owners[i] or not mesh.free[i]) and (i in inner or home is None or mesh.area[i] == home)
    ]
    moved = [i for i in chosen if mesh.owners[i] != {to}]
    if not moved:
        raise NothingLeft
    givers = {code for i in moved for code in mesh.owners[i]} - {to}
    mesh.give(moved, to)
    _refuse_empty(mesh, *givers)
    return _finished(mesh, givers=tuple(givers), receivers=(to,))


def merge(partition: Partition, grid: str, into: str) -> Edit:
    """Merge a grid into a neighbour of the same community; its own code ends."""
    mesh = Mesh(partition)
    land = mesh.owned(grid)
    if not land or mesh.homes.get(grid) != mesh.homes.get(into):
        raise NoNeighbour
    if into not in mesh.shared(land):
        raise NoNeighbour
    _hand_over(mesh, land, grid, into)
    return mesh.edit()


def touching(partition: Partition, grid: str) -> dict[str, float]:
    """Give the grids of the same community that touch a grid, with the length of the common border (m)."""
    mesh = Mesh(partition)
    shared = mesh.shared(mesh.owned(grid))
    return {code: length for code, length in shared.items() if mesh.homes.get(code) == mesh.homes.get(grid)}


def takers(partition: Partition, place: Any) -> dict[str, float]:  # noqa: ANN401
    """Give the grids that may take unclaimed land of their community, with the length of the common border (m)."""
    mesh = Mesh(partition)
    gap = mesh.gaps(place)
    homes = {mesh.area[i] for i in gap}
    return {code: length for code, length in mesh.shared(gap).items() if {mesh.homes.get(code)} == homes}


def winners(partition: Partition, one: str, other: str) -> list[str]:
    """Give which of two grids may have the land both claim: it lies in their community."""
    mesh = Mesh(partition)
    both = [i for i, claim in enumerate(mesh.owners) if {one, other} <= claim]
    return [grid for grid in (one, other) if both and _at_home(mesh, both, grid)]


def joiners(partition: Partition, place: Any, grid: str) -> dict[str, float]:  # noqa: ANN401
    """Give the grids of the same community that touch a detached piece of a grid, with the common border (m)."""
    mesh = Mesh(partition)
    piece = _piece(mesh, place, grid)
    home = mesh.homes.get(grid)
    return {c: length for c, length in mesh.shared(piece).items() if c != grid and mesh.homes.get(c) == home}


def may_hold(partition: Partition, building: Any, grid: str) -> bool:  # noqa: ANN401
    """Whether a grid may have all of a building: it stands in its community."""
    mesh = Mesh(partition, [shapely.boundary(building)])
    return grid in mesh.homes and _at_home(mesh, mesh.within(building), grid)


def open_land(partition: Partition, place: Any) -> bool:  # noqa: ANN401
    """Whether a place holds land of a community that no grid claims."""
    mesh = Mesh(partition)
    return square_metres(mesh.faces[mesh.gaps(place)]) > DUST_M2


def community(partition: Partition, place: Any) -> int | None:  # noqa: ANN401
    """Give the community most of the unclaimed land of a place lies in."""
    mesh = Mesh(partition)
    gap = _gap(mesh, place)
    return mesh.area[max(gap, key=lambda i: shapely.area(mesh.faces[i]))]


def _at_home(mesh: Mesh, faces: list[int], grid: str) -> bool:
    home = mesh.homes.get(grid)
    strange = [i for i in faces if home is not None and mesh.area[i] != home]
    return square_metres(mesh.faces[strange]) <= DUST_M2


def _gap(mesh: Mesh, place: Any) -> list[int]:  # noqa: ANN401
    gap = mesh.gaps(place)
    if not gap:
        raise NothingLeft
    return gap


def _piece(mesh: Mesh, place: Any, grid: str) -> list[int]:  # noqa: ANN401
    """Give the faces of a piece of a grid; all of the grid is no piece."""
    inside = set(mesh.within(place))
    groups = mesh.pieces(mesh.owned(grid))
    found = [i for group in groups[1:] if inside.intersection(group) for i in group]
    if not found:
        raise NothingLeft
    return found


def _hand_over(mesh: Mesh, faces: list[int], grid: str, to: str) -> None:
    """Let ``to`` stand in for a grid on faces; whoever else claims them still does."""
    mesh.drop(faces, grid)
    mesh.give([i for i in faces if not mesh.owners[i]], to)


def _refuse_empty(mesh: Mesh, *grids: str) -> None:
    if any(square_metres(mesh.faces[mesh.owned(grid)]) <= DUST_M2 for grid in grids):
        raise NothingLeft


def _finished(mesh: Mesh, givers: tuple[str, ...] = (), receivers: tuple[str, ...] = ()) -> Edit:
    """See that nobody got land apart from his own, heal who gave, and sum up."""
    mesh.heal(*givers)
    for grid in receivers:
        had = len(mesh.pieces([i for i, claim in enumerate(mesh.before) if grid in claim]))
        if len(mesh.pieces(mesh.owned(grid))) > had:
            raise Unrepairable(detail=_("这块土地与网格 {grid} 不相接").format(grid=grid))
    return mesh.edit()


def _room(building: Any, others: Sequence[Any]) -> Any:  # noqa: ANN401
    """Give the building with a margin around it, where that cuts no other building."""
    squeeze = float(np.cos(np.radians(building.centroid.y)))
    wide = shapely.transform(building, lambda xy: xy * [squeeze, 1])
    wide = shapely.buffer(wide, MARGIN_M / DEGREE_M, join_style="mitre", mitre_limit=2)
    wide = shapely.transform(wide, lambda xy: xy / [squeeze, 1])
    crowded = any(shapely.intersects(wide, other) for other in others)
    return building if crowded else wide


def _crossings(mesh: Mesh, gap: list[int]) -> list[Any]:
    """Give lines across a gap where two grids of one community meet at it."""
    strip = shapely.coverage_union_all(mesh.faces[gap])
    rim = shapely.boundary(strip)
    chosen = set(gap)
    sides: dict[str, Any] = {}
    for code in mesh.shared(gap):
        beside = [i for i in mesh.owned(code) if i not in chosen]
        sides[code] = shapely.intersection(rim, shapely.boundary(shapely.coverage_union_all(mesh.faces[beside])))
    lines = []
    codes = sorted(sides)
    for n, one in enumerate(codes):
        for other in codes[n + 1 :]:
            if mesh.homes.get(one) != mesh.homes.get(other):
                continue
            meeting = shapely.intersection(sides[one], sides[other])
            across = shapely.difference(rim, shapely.union(sides[one], sides[other]))
            points = [part for part in shapely.get_parts(meeting) if part.geom_type == "Point"]
            lines += [_beyond(shapely.shortest_line(point, across)) for point in points if not across.is_empty]
    return lines


def _beyond(line: Any) -> Any:  # noqa: ANN401
    """Give a line that reaches a little over its end, so that it surely meets what it was drawn to."""
    (x0, y0), (x1, y1) = shapely.get_coordinates(line)[[0, -1]]
    length = float(np.hypot(x1 - x0, y1 - y0))
    if length <= STEP:
        return line
    more = 1 + 10 * NEAR / length
    return shapely.LineString([(x0, y0), (x0 + (x1 - x0) * more, y0 + (y1 - y0) * more)])
