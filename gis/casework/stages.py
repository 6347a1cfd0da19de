"""Stages of an enforcement case: their order, what each needs before it, and the record of the whole process.

立案 → 调查终结 → 法制审核 → 告知 → 听证 → 决定 → 送达 → 履行 | 执行 → 结案 (行政处罚法 art. 47, domain facts
§2.4). Nothing here asks the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from datetime import datetime

RANKS = {
    "file": 0, "investigate": 1, "review": 2, "notify": 2, "hear": 3, "decide": 4, "deliver": 5,
    "perform": 6, "execute": 6, "close": 7,
}  # fmt: skip
"""Places in the order; stages of one rank may come in either order."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stage that was reached: when, number of its paper, why it was urgent, who said so, how many files it has."""

    at: datetime
    paper: str
    urgent: str
    actor: str
    papers: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the record.

    Attributes
    ----------
    stage, name : str
        Word and label.
    kept : Kept or None
        What is kept of it.
    needed : bool
        Whether this case has to go through it.
    gap : str
        ``missing`` (a later stage was reached, this one was not), ``paperless`` (reached without any
        file), or empty.
    """

    stage: str
    name: str
    kept: Kept | None
    needed: bool
    gap: str


def names() -> tuple[tuple[str, str], ...]:
    """Give the stages in their order with their labels, in the language in force."""
    return (
        ("file", _("立案")),
        ("investigate", _("调查终结")),
        ("review", _("法制审核")),
        ("notify", _("告知")),
        ("hear", _("听证")),
        ("decide", _("决定")),
        ("deliver", _("送达")),
        ("perform", _("当事人履行")),
        ("execute", _("强制执行")),
        ("close", _("结案(销案)")),
    )


def name(stage: str) -> str:
    """Give the label of a stage."""
    return dict(names())[stage]


def rank(stage: str) -> int:
    """Give the place of a stage in the order."""
    return RANKS[stage]


def before(stage: str, *, procedure: str, reviewed: bool, hearing: bool) -> list[str]:
    """Name the stages that have to be reached before this one.

    Parameters
    ----------
    stage : str
        The one to be reached.
    procedure : str
        ``simple`` (on the spot: no investigation apart) or ``ordinary``.
    reviewed, hearing : bool
        Whether a legal review is needed; whether a hearing was asked for.
    """
    if stage == "file":
        return []
    if stage in {"perform", "execute"}:
        return ["deliver"]
    if stage == "deliver":
        return ["decide"]
    if procedure == "simple":
        return ["file"] if stage != "decide" else ["file", "notify"]
    needed = {
        "investigate": ["file"],
        "review": ["investigate"],
        "notify": ["investigate"],
        "hear": ["notify"],
        "decide": ["investigate", *(["review"] if reviewed else []), "notify", *(["hear"] if hearing else [])],
    }
    return needed.get(stage, ["decide"])


def record(
    kept: Mapping[str, Kept], *, procedure: str, reviewed: bool, hearing: bool, measures: Iterable[str]
) -> list[Step]:
    """Give the record of the whole process, its gaps shown.

    Parameters
    ----------
    kept : mapping of str to Kept
        Stages that were reached.
    procedure, reviewed, hearing
        As for :func:`before`.
    measures : iterable of str
        What was decided: what orders nothing needs no delivery and no performance.
    """
    decided = set(measures)
    needed = {"file", "decide", "notify", "close"}
    if procedure == "ordinary":
        needed |= {"investigate"}
    if reviewed:
        needed.add("review")
    if hearing:
        needed.add("hear")
    if not decided or not decided <= {"none", "transfer"}:
        needed.add("deliver")
    if not {"perform", "execute"} & set(kept) and (not decided or not decided <= {"none", "transfer", "warning"}):
        needed.add("perform")
    furthest = max((rank(stage) for stage in kept), default=-1)
    steps = []
    for stage, label in names():
        found = kept.get(stage)
        if found is None and stage not in needed:
            continue
        gap = "" if found is None or found.papers else "paperless"
        if found is None and rank(stage) < furthest:
            gap = "missing"
        steps.append(Step(stage, label, found, stage in needed, gap))
    return steps
