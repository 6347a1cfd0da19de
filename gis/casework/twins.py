"""What an import brought in, compared with what was there and with itself: possible duplicates, all at once.

Numbers come through COPY and are paired with numpy: cells as wide as the radius, in each the nearest in
time, so that a hundred thousand orders take seconds and a place with a hundred orders a day no longer.
Words are read only of pairs that could still count. The judgement is :mod:`gis.casework.duplicates`'.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from gis.casework.duplicates import DAY_S
from gis.casework.duplicates import DEGREE_M
from gis.casework.duplicates import Policy
from gis.casework.duplicates import alike
from gis.casework.duplicates import policy
from gis.casework.duplicates import queries
from gis.casework.duplicates import scores
from gis.casework.duplicates import why

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

COLUMNS = ("row", "code", "title", "other", "other_title", "score", "why")
NUMBERS = {
    "id": pa.int64(), "x": pa.float64(), "y": pa.float64(), "at": pa.int64(), "class": pa.int64(),
    "address": pa.int64(),
}  # fmt: skip


def search(conn: psycopg.Connection[Any], import_id: int) -> pd.DataFrame:
    """Find the possible duplicates of what an import brought in, keep them as links, and list them.

    Done again it finds the same. Rows an import only changed were compared when they came.

    Parameters
    ----------
    conn : Connection
        Of a session (row-level security applies).
    import_id : int
        Number of the import.

    Returns
    -------
    DataFrame
        One row per pair, likeliest first within a case: ``row`` (in the file), ``code``, ``title``, ``other``,
        ``other_title``, ``score``, ``why``; texts as the actor may read them.
    """
    by = policy()
    new = _numbers(conn, queries.arrived.sql, {"source": import_id})
    if not len(new):
        return _listed(conn, new, np.empty(0, np.int64), np.empty(0, np.int64), by)
    margin = by.days * DAY_S
    reach = by.radius_m / DEGREE_M
    placed = new.dropna(subset=["x", "y"])
    wide = reach / max(0.01, float(np.cos(np.radians(placed["y"].abs().max())))) if len(placed) else 0.0
    box = {
        "source": import_id, "since": float(new["at"].min() - margin), "until": float(new["at"].max() + margin),
        "placeless": bool(new["x"].isna().any()), "west": float(placed["x"].min() - wide) if len(placed) else 0.0,
        "east": float(placed["x"].max() + wide) if len(placed) else 0.0,
        "south": float(placed["y"].min() - reach) if len(placed) else 0.0,
        "north": float(placed["y"].max() + reach) if len(placed) else 0.0,
    }  # fmt: skip
    pool = pd.concat([_numbers(conn, queries.known.sql, box), new], ignore_index=True)
    ones, others = neighbours(pool, len(new), by)
    return _listed(conn, pool, ones, others, by)


def neighbours(pool: pd.DataFrame, new: int, by: Policy) -> tuple[Whole, Whole]:
    """Pair what is near in place (or of one address) and time.

    Parameters
    ----------
    pool : DataFrame
        ``id``, ``x`` and ``y`` (degrees, NaN without a place), ``at`` (seconds), ``address`` (a number, or NaN);
        the last ``new`` rows are those to be paired, with what was there and with each other.
    new : int
        How many are new.

    Returns
    -------
    ones, others : ndarray of int, (m,)
        Positions in ``pool``; ``ones`` are new, of two new ones the later.
    """
    fresh = np.arange(len(pool) - new, len(pool))
    x, y = pool["x"].to_numpy(float), pool["y"].to_numpy(float)
    placed = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    pairs = []
    if len(placed):
        tall = by.radius_m / DEGREE_M
        wide = tall / max(0.01, float(np.cos(np.radians(np.abs(y[placed]).max()))))
        column, row = np.floor(x[placed] / wide).astype(np.int64), np.floor(y[placed] / tall).astype(np.int64)
        rows = int(row.max() - row.min()) + 3
        cells = (column - column.min() + 1) * rows + (row - row.min() + 1)
        steps = [a * rows + b for a in (-1, 0, 1) for b in (-1, 0, 1)]
        pairs.append(_paired(pool, placed, cells, np.isin(placed, fresh), steps, by))
    named = np.flatnonzero(pool["address"].notna().to_numpy())
    lost = ~np.isfinite(x[named])
    if lost.any():
        held = pool["address"].to_numpy()[named].astype(np.int64)
        ones, others = _paired(pool, named, held, np.isin(named, fresh), [0], by)
        apart = ~(np.isfinite(x[ones]) & np.isfinite(x[others]))
        pairs.append((ones[apart], others[apart]))
    ones = np.concatenate([p[0] for p in pairs]) if pairs else np.empty(0, np.int64)
    others = np.concatenate([p[1] for p in pairs]) if pairs else np.empty(0, np.int64)
    close = ~(distances(pool, ones, others) > by.radius_m)
    return ones[close], others[close]


def _paired(
    pool: pd.DataFrame, at: Whole, cells: Whole, fresh: NDArray[np.bool_], steps: list[int], by: Policy
) -> tuple[Whole, Whole]:
    """Pair the fresh ones of ``at`` with their nearest in time in their cell and those beside it."""
    moments = pool["at"].to_numpy(np.int64)[at]
    window = int(by.days * DAY_S)
    known, rank = np.unique(cells, return_inverse=True)
    span = int(moments.max() - moments.min()) + 2 * window + 1
    keys = rank * span + (moments - moments.min()) + window
    order = np.argsort(keys, kind="stable")
    line = keys[order]
    asked = np.flatnonzero(fresh)
    out: list[tuple[Whole, Whole]] = []
    for step in steps:
        spot = np.searchsorted(known, cells[asked] + step)
        there = spot < len(known)
        there[there] = known[spot[there]] == (cells[asked] + step)[there]
        who, base = asked[there], spot[there] * span + (moments[asked[there]] - moments.min()) + window
        middle = np.searchsorted(line, base)
        first = np.maximum(np.searchsorted(line, base - window), middle - int(by.nearest))
        last = np.minimum(np.searchsorted(line, base + window, side="right"), middle + int(by.nearest) + 1)
        many = last - first
        ones = np.repeat(who, many)
        offset = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        others = order[np.repeat(first, many) + offset]
        # Of two new ones the later is the duplicate; of the same moment, the one further down.
        later = (
            ~fresh[others] | (moments[others] < moments[ones]) | ((moments[others] == moments[ones]) & (others < ones))
        )
        keep = (ones != others) & later
        out.append((at[ones[keep]], at[others[keep]]))
    return np.concatenate([p[0] for p in out]), np.concatenate([p[1] for p in out])


def distances(pool: pd.DataFrame, ones: Whole, others: Whole) -> Real:
    """Metres between pairs, on the sphere; NaN where one has no place."""
    x, y = np.radians(pool["x"].to_numpy(float)), np.radians(pool["y"].to_numpy(float))
    along = (x[ones] - x[others]) * np.cos((y[ones] + y[others]) / 2)
    found: Real = np.hypot(along, y[ones] - y[others]) * np.degrees(DEGREE_M)
    return found


def _listed(conn: psycopg.Connection[Any], pool: pd.DataFrame, ones: Whole, others: Whole, by: Policy) -> pd.DataFrame:
    """Judge the pairs, keep the likeliest of each case as links, and put them into words."""
    kept = pd.DataFrame({"one": ones, "other": others})
    if len(kept):
        number, moment, group = (pool[name].to_numpy(np.int64) for name in ("id", "at", "class"))
        kept["distance"] = np.nan_to_num(distances(pool, ones, others))
        kept["placed"] = np.isfinite(distances(pool, ones, others))
        kept["apart"] = np.abs(moment[ones] - moment[others]).astype(float)
        kept["same"] = group[ones] == group[others]
        most = scores(
            kept["distance"].to_numpy(), kept["apart"].to_numpy(), kept["same"].to_numpy(), np.ones(len(kept)), by
        )
        kept = kept[most >= by.least].copy()  # what no words could bring there is not read
    if not len(kept):
        return pd.DataFrame({name: [] for name in COLUMNS})
    kept["one"], kept["other"] = number[kept["one"]], number[kept["other"]]
    texts = _texts(conn, kept)
    kept["words"] = alike([texts[n] for n in kept["one"]], [texts[n] for n in kept["other"]])
    distance, apart, same, words = (kept[name].to_numpy() for name in ("distance", "apart", "same", "words"))
    kept["score"] = scores(distance, apart, same, words, by)
    kept = kept[kept["score"] >= by.least].sort_values(["one", "score", "other"], ascending=[True, False, True])
    kept = kept.drop_duplicates(["one", "other"]).groupby("one", sort=False).head(int(by.shown))
    conn.execute(queries.link.sql, {"ones": kept["one"].tolist(), "others": kept["other"].tolist()})
    return _told(conn, kept)


def _told(conn: psycopg.Connection[Any], kept: pd.DataFrame) -> pd.DataFrame:
    """Name the cases of the pairs, in the order of the file."""
    ids = sorted({*kept["one"].tolist(), *kept["other"].tolist()})
    named = {number: rest for number, *rest in conn.execute(queries.named.sql, {"ids": ids})}
    names = ("one", "other", "score", "distance", "apart", "same", "words", "placed")
    rows: list[tuple[Any, ...]] = []
    for one, other, score, distance, apart, same, words, placed in zip(*(kept[n].tolist() for n in names), strict=True):
        code, row, title = named[one]
        what = why(distance, apart, same, words, placed=placed)
        rows.append((row, code, title, named[other][0], named[other][2], round(score, 2), what))
    listed = pd.DataFrame(rows, columns=list(COLUMNS))
    return listed.sort_values(["row", "score"], ascending=[True, False], ignore_index=True)


def _texts(conn: psycopg.Connection[Any], kept: pd.DataFrame) -> dict[int, str]:
    ids = sorted({*kept["one"].tolist(), *kept["other"].tolist()})
    return dict(conn.execute(queries.texts.sql, {"ids": ids}).fetchall())


def _numbers(conn: psycopg.Connection[Any], query: str, given: dict[str, Any]) -> pd.DataFrame:
    """Read a question of numbers through COPY: a million rows in a second."""
    buffer = io.BytesIO()
    with conn.cursor() as cursor:
        text = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(sql.SQL(query))
        with cursor.copy(text, given) as copy:
            for block in copy:
                buffer.write(block)
    if not buffer.tell():
        return pd.DataFrame({name: pd.Series(dtype="float64" if name in {"x", "y"} else "int64") for name in NUMBERS})
    buffer.seek(0)
    table = csv.read_csv(
        buffer,
        read_options=csv.ReadOptions(column_names=list(NUMBERS)),
        convert_options=csv.ConvertOptions(column_types=NUMBERS),
    )
    return pd.DataFrame(
        {name: table.column(name).to_pandas(integer_object_nulls=name == "address") for name in NUMBERS}
    )
