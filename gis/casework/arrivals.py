"""After an import of incidents: each case gets its clocks; relapses are linked, possible duplicates found.

All of it can be done again for the same import and change nothing then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.casework import places
from gis.casework import starting
from gis.casework import twins
from gis.db.connection import session

if TYPE_CHECKING:
    import pandas as pd

    from gis.vocabulary import Actor


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of the cases of an import.

    Attributes
    ----------
    cases : int
        Cases that were given clocks.
    twins : DataFrame
        Pairs that may be one, as :func:`gis.casework.twins.search` lists them.
    """

    cases: int
    twins: pd.DataFrame

    @property
    def rows(self) -> int:
        """Rows of the file with a possible duplicate."""
        return int(self.twins["code"].nunique())


def settle(actor: Actor, import_id: int) -> Arrived:
    """Give the cases of an import their clocks, link relapses and find possible duplicates.

    Parameters
    ----------
    actor : Actor
        Who imported.
    import_id : int
        Number of the import.
    """
    cases = starting.imported(actor, import_id)
    with session(actor) as conn:
        places.relapses(conn, places.arrived(conn, import_id))
        return Arrived(cases, twins.search(conn, import_id))
