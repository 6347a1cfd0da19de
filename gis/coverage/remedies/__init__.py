"""Repairs of blind spots: computed, previewed, proposed, applied; or handed to somebody as a task.

``offers`` says what can be done about an entry of the ledger. A boundary offer is computed by
:mod:`~gis.coverage.remedies.planning` (``preview`` shows its effect, ``propose`` keeps it, ``apply``
lets it stand); a record offer is put right by ``correct``; a task offer becomes a task. The
algebra of the edits is :mod:`~gis.coverage.remedies.partition`, free of database and screen:
the planner's workbench builds on it.
"""

from __future__ import annotations

from gis.coverage.remedies.effect import Balance
from gis.coverage.remedies.effect import Effect
from gis.coverage.remedies.effect import preview
from gis.coverage.remedies.offers import Kind
from gis.coverage.remedies.offers import Offer
from gis.coverage.remedies.offers import find
from gis.coverage.remedies.offers import offers
from gis.coverage.remedies.proposals import Proposal
from gis.coverage.remedies.proposals import apply
from gis.coverage.remedies.proposals import get
from gis.coverage.remedies.proposals import proposals
from gis.coverage.remedies.proposals import propose
from gis.coverage.remedies.proposals import undo
from gis.coverage.remedies.proposals import withdraw
from gis.coverage.remedies.tasks import Task
from gis.coverage.remedies.tasks import correct
from gis.coverage.remedies.tasks import finish_task
from gis.coverage.remedies.tasks import make_task
from gis.coverage.remedies.tasks import tasks

__all__ = [
    "Balance", "Effect", "Kind", "Offer", "Proposal", "Task", "apply", "correct", "find", "finish_task", "get",
    "make_task", "offers", "preview", "proposals", "propose", "tasks", "undo", "withdraw",
]  # fmt: skip
