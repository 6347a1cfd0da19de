"""Whistles: a grid calls street offices and community, the street calls departments, and they come.

``flow`` is the pure core, ``acts`` writes (blow, and every step after it), ``files`` reads.
Source: domain facts §2.1; what an office may change (how far away is far, how long a call may
take) stands in ``data/reference/kinds.csv``.
"""

from __future__ import annotations

from gis.casework.whistle.acts import Draft
from gis.casework.whistle.acts import act
from gis.casework.whistle.acts import blow
from gis.casework.whistle.acts import prefilled
from gis.casework.whistle.files import Query
from gis.casework.whistle.files import Unit
from gis.casework.whistle.files import Whistle
from gis.casework.whistle.files import get
from gis.casework.whistle.files import history
from gis.casework.whistle.files import listing
from gis.casework.whistle.files import of_case
from gis.casework.whistle.files import possible

__all__ = [
    "Draft", "Query", "Unit", "Whistle", "act", "blow", "get", "history", "listing", "of_case", "possible", "prefilled",
]  # fmt: skip
