"""Finding a category as people say it: by words, synonyms, pinyin, initials, code, or what a sentence speaks of.

The rows of a database are read once per process and again whenever one changes; a search is a walk
over texts prepared for it. The same small class of several standards is one answer with its codes
side by side.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from typing import cast

from gis.casework.categories import tables
from gis.casework.categories.pinyin import initials
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import psycopg

    from gis.casework.categories.tables import Category

By = Literal["name", "synonym", "code", "pinyin", "initials", "sentence"]
LARGE = 0.98
"""A large class is offered after small ones that fit as well."""
LEAST = 2
"""Letters of pinyin from which on a part of a word is looked for; shorter ones are beginnings only."""


@dataclass(frozen=True, slots=True)
class Found:
    """One small class that fits.

    Attributes
    ----------
    kind, name : str
        What is written into a case.
    codes : tuple of (standard, version, code)
        Side by side, the newest standard first.
    score : float
        1 is the word itself.
    by : str
        What fitted: ``name``, ``synonym``, ``code``, ``pinyin``, ``initials``, or ``sentence`` (parts of it).
    word : str
        The name or synonym that fitted.
    example : bool
        Whether all of its codes are examples.
    """

    kind: str
    name: str
    codes: tuple[tuple[str, str, str], ...]
    score: float
    by: By
    word: str
    example: bool


@dataclass(slots=True)
class _Entry:
    """A small class, prepared: rows, words, and for each word its letters, initials and pairs of signs."""

    kind: str
    name: str
    rows: list[Category] = field(default_factory=list)
    words: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    starts: tuple[frozenset[str], ...] = ()
    firsts: tuple[str, ...] = ()
    all: str = ""
    large: bool = False


def search(
    conn: psycopg.Connection[Any], words: str, kind: str | None = None, day: date | None = None, limit: int = 12
) -> list[Found]:
    """Find small classes.

    Parameters
    ----------
    conn : psycopg.Connection
        Of whoever asks.
    words : str
        What he typed: Chinese, pinyin (``baolulaji``, ``bao lu``), initials (``bllj``), a code, or a
        sentence. Several words apart have to fit all of them.
    kind : str, optional
        Only of this kind.
    day : date, optional
        Only those in force on a day.
    limit : int
        How many at most.

    Returns
    -------
    list of Found
        The best first; nothing for nothing.
    """
    asked = _plain(words)
    if not asked:
        return []
    found = []
    for entry in _index(conn).values():
        if kind is not None and entry.kind != kind:
            continue
        fits = _judge(entry, asked)
        if fits is None:
            continue
        rows = entry.rows if day is None else [row for row in entry.rows if row.holds(day)]
        if rows:
            found.append(_found(entry, rows, *fits))
    found.sort(key=lambda one: (-one.score, len(one.name), one.name, one.kind))
    return found[:limit]


def code(conn: psycopg.Connection[Any], kind: str, name: str, day: date) -> tuple[str, str]:
    """Give standard and code of a small class by its name: of the newest standard in force on a day; empty for none.

    What is wrong with a part is a matter.
    """
    index = _index(conn)
    entry = index.get((kind, name)) or (index.get(("part", name)) if kind == IncidentKind.MATTER else None)
    rows = [row for row in entry.rows if row.holds(day)] if entry else []
    newest = max(rows, key=lambda row: (row.valid_from, row.standard, row.version), default=None)
    return (newest.standard, newest.code) if newest else ("", "")


_KEPT: dict[tuple[Any, ...], dict[tuple[str, str], _Entry]] = {}
KEPT = 4
"""Databases whose rows a process keeps prepared."""


def _index(conn: psycopg.Connection[Any]) -> dict[tuple[str, str], _Entry]:
    stamp = tables.stamp(conn)
    found = _KEPT.get(stamp)
    if found is None:
        found = prepared(tables.everything(conn))
        while len(_KEPT) >= KEPT:
            _KEPT.pop(next(iter(_KEPT)), None)
        _KEPT[stamp] = found
    return found


def prepared(rows: Iterable[Category]) -> dict[tuple[str, str], _Entry]:
    """Prepare rows for the walk: those of one kind and name together."""
    entries: dict[tuple[str, str], _Entry] = {}
    rows = list(rows)
    for row in rows:
        entries.setdefault((row.kind, row.name), _Entry(row.kind, row.name)).rows.append(row)
    named = tables.above(rows)
    for entry in entries.values():
        entry.large = all(tables.large(row, named) for row in entry.rows)
        spoken: dict[str, str] = {}
        for row in entry.rows:
            for word, sound in zip((row.name, *row.synonyms), row.pinyin.split("|"), strict=False):
                spoken.setdefault(_plain(word), sound)
        entry.words = tuple(spoken)
        entry.letters = tuple(sound.replace(" ", "") for sound in spoken.values())
        entry.starts = tuple(_starts(sound) for sound in spoken.values())
        entry.firsts = tuple(initials(sound) for sound in spoken.values())
        entry.all = "\n".join((*entry.words, *entry.letters, *entry.firsts, *(row.code.lower() for row in entry.rows)))
    return entries


def _judge(entry: _Entry, asked: str) -> tuple[float, By, str] | None:
    """Give how well an entry fits, by what, and which word; None where it does not."""
    parts = asked.split()
    whole = "".join(parts)
    best = _one(entry, whole)
    if len(parts) > 1:
        each = [_one(entry, part) for part in parts]
        if all(each):
            score, by, word = min(fit for fit in each if fit)
            best = max(best or (0.0, by, word), (score * 0.97, by, word))
    if best is None:
        best = _sentence(entry, whole)
    if best is not None and entry.large:
        best = (best[0] * LARGE, best[1], best[2])
    return best


def _one(entry: _Entry, asked: str) -> tuple[float, By, str] | None:
    if asked not in entry.all:
        return None
    best: tuple[float, By, str] | None = None
    for n, word in enumerate(entry.words):
        less = 1.0 if n == 0 else 0.96
        fit: tuple[float, By, str] | None = None
        if asked in word:
            share = len(asked) / len(word)
            score = 1.0 if asked == word else 0.9 if word.startswith(asked) else 0.8
            fit = ((score - 0.08 * (1 - share)) * less, "name" if n == 0 else "synonym", word)
        elif asked.isascii():
            fit = _sounds(entry, n, asked, less)
        if fit is not None and (best is None or fit > best):
            best = fit
    if asked[0].isdigit():
        codes = [row.code for row in entry.rows if row.code.startswith(asked)]
        if codes:
            score = 1.0 if asked in codes else 0.85
            best = max(best or (0.0, "code", entry.name), (score, "code", entry.name))
    return best


def _sounds(entry: _Entry, n: int, asked: str, less: float) -> tuple[float, By, str] | None:
    letters, firsts, word = entry.letters[n], entry.firsts[n], entry.words[n]
    size, enough = len(asked), len(asked) >= LEAST
    score, by = 0.0, "pinyin"
    if letters == asked:
        score = 0.95
    elif firsts == asked and enough:
        score, by = 0.9, "initials"
    elif enough and letters.startswith(asked):
        score = 0.8 + 0.1 * size / len(letters)
    elif firsts.startswith(asked):
        score, by = 0.7 + 0.1 * size / len(firsts), "initials"
    elif enough and any(start.startswith(asked) for start in entry.starts[n]):
        score = 0.6 + 0.1 * size / len(letters)
    elif enough and asked in firsts:
        score, by = 0.5 + 0.1 * size / len(firsts), "initials"
    return (score * less, cast("By", by), word) if score else None


def _sentence(entry: _Entry, asked: str) -> tuple[float, By, str] | None:
    """Judge a sentence: a word of the entry that it holds, else the share of a word's pairs of signs it holds."""
    if len(asked) <= LEAST or asked.isascii():
        return None
    best: tuple[float, By, str] | None = None
    for n, word in enumerate(entry.words):
        score = 0.0
        if len(word) >= LEAST and word in asked:
            score = 0.6 + 0.03 * min(len(word), 6)
        elif len(word) > LEAST:
            pairs = {word[i : i + 2] for i in range(len(word) - 1)}
            held = sum(pair in asked for pair in pairs)
            signs = sum(sign in asked for sign in word) / len(word)
            if held and signs >= 0.5:  # noqa: PLR2004  half of a word
                score = 0.3 * held / len(pairs) + 0.25 * signs
        score *= 1.0 if n == 0 else 0.96
        if score and (best is None or score > best[0]):
            best = (score, "sentence", word)
    return best


def _found(entry: _Entry, rows: list[Category], score: float, by: By, word: str) -> Found:
    newest = sorted(rows, key=lambda row: (row.valid_from, row.standard), reverse=True)
    codes = tuple(dict.fromkeys((row.standard, row.version, row.code) for row in newest))
    return Found(entry.kind, entry.name, codes, round(score, 4), by, word, all(row.example for row in rows))


def _plain(text: str) -> str:
    """Give a text as it is compared: half-width, lower case, ü as v, single blanks."""
    text = unicodedata.normalize("NFKC", text).lower().replace("ü", "v").replace("'", "")
    return " ".join(text.split())


def _starts(sound: str) -> frozenset[str]:
    """Give the letters from each further syllable on."""
    syllables = sound.split()
    return frozenset("".join(syllables[n:]) for n in range(1, len(syllables)))
