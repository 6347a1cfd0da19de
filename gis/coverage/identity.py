"""What makes a finding the same from run to run.

Most findings are about something that has a name (a pair of grids, a building, an incident):
their key is made of the parts the rule names in ``identity``. A rule without such parts finds
places; a place has a number for its key and is known again by overlap, see :func:`pairs`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING
from typing import Any

from gis.coverage.rules import RULES
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from gis.coverage.raw import Raw

LONGEST = 400
"""Bytes of a key at most: it is indexed."""

SAME_SHARE = 0.5
"""Two places may be one when their overlap is at least this share of the smaller of the two."""


def key(raw: Raw, codes: Mapping[int, str], incidents: Mapping[int, str]) -> str | None:
    """Give the key of a finding within its network and rule; None for a place.

    Parameters
    ----------
    raw : Raw
        The finding.
    codes, incidents : mapping of int to str
        Codes of buildings and of incidents by id: a record that was imported anew keeps its code.
    """
    parts = RULES[RuleKey(raw.rule)].identity
    if not parts:
        return None
    text = json.dumps(
        [_part(raw, name, codes, incidents) for name in parts], ensure_ascii=False, separators=(",", ":"), default=str
    )
    if len(text.encode()) <= LONGEST:
        return text
    return f"{text[:60]}…{hashlib.sha256(text.encode()).hexdigest()}"


def _part(raw: Raw, name: str, codes: Mapping[int, str], incidents: Mapping[int, str]) -> Any:  # noqa: ANN401 - any JSON
    if name == "grids":
        return sorted(raw.grid_codes)
    if name == "buildings":
        return sorted(codes[i] for i in raw.building_ids)
    if name == "incident":
        number = raw.subjects.get("incident_id")
        return raw.subjects.get("incident") if number is None else incidents[number]
    return raw.subjects.get(name)


def keys(found: Sequence[Raw], codes: Mapping[int, str], incidents: Mapping[int, str]) -> list[str | None]:
    """Give the keys of findings; where a rule found one thing twice, the second one is numbered.

    The order of such twins does not depend on the order the rule gave them in.
    """
    plain = [key(raw, codes, incidents) for raw in found]
    times = Counter((raw.rule, text) for raw, text in zip(found, plain, strict=True) if text is not None)
    twins = [n for n, text in enumerate(plain) if text is not None and times[found[n].rule, text] > 1]
    seen: Counter[tuple[str, str | None]] = Counter()
    for n in sorted(twins, key=lambda n: _order(found[n])):
        twin = (found[n].rule, plain[n])
        seen[twin] += 1
        if seen[twin] > 1:
            plain[n] = f"{plain[n]}#{seen[twin]}"
    return plain


def _order(raw: Raw) -> tuple[Any, ...]:
    kind = str(raw.subjects.get("kind", ""))
    return (
        raw.area_id is None,
        raw.area_id or 0,
        kind,
        raw.severity,
        raw.grid_codes,
        raw.building_ids,
        raw.geom or b"",
    )


def pairs(candidates: Iterable[tuple[int, int, float, bool]]) -> list[tuple[int, int]]:
    """Choose who continues whom, one to one: the largest share of overlap first.

    Parameters
    ----------
    candidates : iterable of (new, old, share, same grids)
        Pairs of places whose overlap is at least :data:`SAME_SHARE` of the smaller one. ``share``
        is that of the overlap in the union of the two; among equals those that name the same
        grids go first, then the older entry.

    Returns
    -------
    list of (new, old)
        Where a place fell apart, the piece with the largest share continues it and the others are
        new; where places grew together, the whole continues the one with the largest share and
        the others are gone.
    """
    news: set[int] = set()
    olds: set[int] = set()
    chosen: list[tuple[int, int]] = []
    for new, old, _share, _same in sorted(candidates, key=lambda c: (-round(c[2], 9), not c[3], c[1], c[0])):
        if new not in news and old not in olds:
            news.add(new)
            olds.add(old)
            chosen.append((new, old))
    return chosen
