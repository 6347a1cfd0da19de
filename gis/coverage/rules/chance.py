"""What the statistical rules share: groups of peers, and what may be called a discovery.

The distributions are those of scipy; nothing here is a formula of our own.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def peers(rows: Sequence[Mapping[str, Any]], least: float) -> list[list[Mapping[str, Any]]]:
    """Grids of one kind in one street, where there are at least ``least`` others to compare each with."""
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["street"], row["grid_kind"]].append(row)
    return [groups[key] for key in sorted(groups) if len(groups[key]) > least]


def table(
    group: Sequence[Mapping[str, Any]], names: Sequence[str], values: str
) -> tuple[Floats, list[tuple[str, ...]]]:
    """Spread lists of the rows into one table, grids × columns, zero where a grid has no such column.

    Parameters
    ----------
    group : sequence of mapping
        Rows of the rule.
    names : sequence of str
        Keys of the parallel lists that together name a column.
    values : str
        Key of the list of numbers.
    """
    labels = [tuple(zip(*(row[name] for name in names), strict=True)) for row in group]
    columns = sorted({label for row in labels for label in row})
    place = {label: n for n, label in enumerate(columns)}
    counts = np.zeros((len(group), len(columns)))
    for n, row in enumerate(group):
        counts[n, [place[label] for label in labels[n]]] = row[values]
    return counts, columns


@cache
def stats() -> Any:  # noqa: ANN401 - scipy has no types
    """Give ``scipy.stats``: a second and 75 MB that only a run of the statistical rules needs."""
    from scipy import stats as module  # noqa: PLC0415 - see above

    return module


def adjusted(p: Floats) -> Floats:
    """Share of false discoveries if each p and all smaller ones are called discoveries (Benjamini–Hochberg)."""
    return np.asarray(stats().false_discovery_control(p, method="bh")) if len(p) else p


def short(value: float) -> float:
    """Keep three significant digits of a probability or ratio, as it is shown."""
    return float(f"{value:.3g}")


def size(row: Mapping[str, Any]) -> dict[str, float | int]:
    """Size of the land a row is about, as every finding tells it."""
    return {"area_m2": float(row["area_m2"]), "buildings": int(row["buildings"]), "households": int(row["households"])}
