"""Loading: a prepared file into the records, all or nothing.

One transaction holds the import row, the records and the audit row; the rejects file
appears when the transaction is through. A file whose rows are all stored already changes
nothing, not even the list of imports.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NoReturn

import aiosql
import numpy as np
import pandas as pd
import psycopg
from psycopg.types.json import Jsonb

from gis.access import matrix
from gis.access import scope
from gis.access.matrix import Operation
from gis.datasets import NETWORKED
from gis.datasets import SHAPES
from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.i18n import translate as _
from gis.intake import rejects as rejected_rows
from gis.intake.errors import NothingUsable
from gis.intake.staff import HEADED
from gis.records import imports
from gis.records import linked
from gis.records import lists
from gis.records import networks
from gis.records import store
from gis.records.errors import RecordsBusy
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.intake.parts import Prepared
    from gis.records.store import Counts
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("load.sql"), "psycopg", mandatory_parameters=False)

REFRESHED = (
    *(Dataset.AREAS, Dataset.GRIDS, Dataset.BUILDINGS, Dataset.INCIDENTS, Dataset.EXCLUDED),
    *(Dataset.PEOPLE, Dataset.LEAVES, Dataset.VISITS, Dataset.TRACKS, Dataset.DUTIES),
)
"""Datasets the coverage rules read: after a change the coverage has to be refreshed."""

SHARE_SENT, SHARE_WRITTEN = 0.4, 0.95
"""How far a load is, for its progress bar, when the rows are staged and when they are written."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, or would do.

    Attributes
    ----------
    counts : Counts
        Rows inserted, updated (grids: given a new version), unchanged.
    import_id : int or None
        Number of the import; None when nothing changed, or in a dry run.
    already : int or None
        Number of the earlier import of the same file, when nothing changed.
    rejects_path : Path or None
        The rejects file, when one was written.
    refresh_due : bool
        Whether the coverage no longer fits the records.
    warnings : tuple of str
        What the intake and the database noticed.
    rejects : pandas.DataFrame
        Every rejected row with its reason, those only the database could refuse included.
    succession : Succession or None
        What a version of the duty list changed.
    """

    dataset: Dataset
    network: str | None
    counts: Counts
    rejected: int
    repaired: int
    import_id: int | None
    already: int | None
    rejects_path: Path | None
    refresh_due: bool
    warnings: tuple[str, ...]
    dry_run: bool
    rejects: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    succession: lists.Succession | None = None

    @property
    def changed(self) -> bool:
        """Whether any record was (or would be) written."""
        return self.counts.written > 0


def load(
    actor: Actor,
    prepared: Prepared,
    *,
    network: str = "comprehensive",
    rejects_path: Path | None = None,
    dry_run: bool = False,
    reason: str | None = None,
    version: lists.Version | None = None,
    progress: Callable[[float], None] | None = None,
) -> LoadReport:
    """Load a prepared file in one transaction.

    Parameters
    ----------
    actor : Actor
        Who loads.
    prepared : Prepared
        Clean frame, rejects and repairs, and how the file was read.
    network : str
        Code of the network the grids belong to, also those that people and visits name.
    rejects_path : Path, optional
        Where the rejects file goes; default: ``rejects/`` below ``GRIDATLAS_HOME``.
    dry_run : bool
        Do all of it and roll it back: same counts, nothing kept. A rejects file is written
        only where one was asked for by name.
    reason : str, optional
        Why, for the audit row.
    version : Version, optional
        The file is a whole version of the duty list (or more of one): it ends what was in force
        before, and the report says what it changes. No row of it may be refused.
    progress : callable, optional
        Called with the share done, 0 to 1.

    Raises
    ------
    NotAllowed
        The actor's role does not write this dataset, or a row lies outside his scope.
    RecordsBusy
        Somebody else is loading the same dataset.
    GridAtlasError
        Whatever else stands in the way; nothing was kept, and no rejects file.
    """
    dataset = Dataset(prepared.dataset)
    scope.require(actor, *matrix.roles(store.TABLES[dataset], Operation.INSERT))
    tell = progress or (lambda _share: None)
    part: Path | None = None
    target: Path | None = None
    succession: lists.Succession | None = None
    try:
        with session(actor) as conn:
            _take_turn(conn, dataset)
            _know_networks(conn)
            network_id = networks.ensure(conn, network).id if dataset in NETWORKED else None
            if version is not None:
                prepared = replace(prepared, frame=lists.numbered(prepared.frame, version))
                list_id = lists.begin(conn, version)
            staged = store.stage(
                conn, dataset, prepared.frame, network_id=network_id, progress=lambda share: tell(share * SHARE_SENT)
            )
            rejects = _with_refused(prepared, staged)
            if staged.refused and not staged.counts.all:
                _nothing_usable(prepared, str(rejects["reason"].iloc[0]))
            if len(rejects):
                target = rejects_path or rejected_rows.place(prepared.source.filename, dataset)
            warnings = (*prepared.warnings, *_warnings(conn, dataset))
            import_id = already = None
            if staged.counts.written:
                import_id = _record(
                    conn, prepared, staged, rejected=len(rejects), network=network, target=target, reason=reason
                )
                tell(SHARE_WRITTEN)
            else:
                already = _earlier(conn, prepared, network)
            if version is not None:
                if not dry_run:
                    require_all(rejects)
                succession = lists.succeed(conn, list_id, version)
            if dry_run:
                conn.rollback()
                import_id = None
                target = target if rejects_path else None
            if target:
                part = rejected_rows.write(target, rejects)
        if part and target:
            part.replace(target)
    except BaseException:
        if part:
            part.unlink(missing_ok=True)
        raise
    tell(1.0)
    return LoadReport(
        dataset=dataset,
        network=network if dataset in NETWORKED else None,
        counts=staged.counts,
        rejected=len(rejects),
        repaired=len(prepared.repairs),
        import_id=import_id,
        already=already,
        rejects_path=target,
        refresh_due=bool(import_id) and dataset in REFRESHED,
        warnings=warnings,
        dry_run=dry_run,
        rejects=rejects,
        succession=succession,
    )


def require_all(rejects: pd.DataFrame) -> None:
    """Refuse a version of the duty list that would miss items nobody would miss; headings are none.

    Raises
    ------
    ListIncomplete
        Names the first row that cannot be used.
    """
    lost = rejects[rejects["code"] != HEADED] if len(rejects) else rejects
    if len(lost):
        first = lost.iloc[0]
        raise lists.ListIncomplete(count=len(lost), row=int(first["row"]), reason=str(first["reason"]))


def _nothing_usable(prepared: Prepared, reason: str) -> NoReturn:
    """Say that the database took none of the rows, and why the first one."""
    raise NothingUsable(name=prepared.source.filename, rows=prepared.source.rows_read, reason=reason)


def _with_refused(prepared: Prepared, staged: store.Staged) -> pd.DataFrame:
    """Give the rejects of the file together with the rows that name somebody or something nobody knows."""
    if not staged.refused:
        return prepared.rejects
    rows = [one.row for one in staged.refused]
    originals = prepared.originals(rows) if prepared.originals else {}
    refused = pd.DataFrame(
        {
            "row": pd.Series(rows, dtype="int64"),
            "reason": pd.Series([linked.words(one) for one in staged.refused], dtype="str"),
            "code": pd.Series([one.key for one in staged.refused], dtype="str"),
            "original": pd.Series(
                [json.dumps(originals.get(row, {}), ensure_ascii=False, default=str) for row in rows], dtype="str"
            ),
        }
    )
    together = pd.concat([prepared.rejects, refused], ignore_index=True) if len(prepared.rejects) else refused
    together = together.sort_values("row", kind="stable")
    together.index = pd.Index(together["row"].to_numpy())
    return together


def _earlier(conn: psycopg.Connection[Any], prepared: Prepared, network: str) -> int | None:
    source = prepared.source
    code = network if prepared.dataset in NETWORKED else None
    return imports.same_file(conn, source.sha256, source.fingerprint, code)


def _take_turn(conn: psycopg.Connection[Any], dataset: Dataset) -> None:
    """Wait for our turn with this dataset; the load itself may then take as long as it needs."""
    seconds = DatabaseSettings().lock_timeout_s
    conn.execute(_queries.patience.sql, {"lock": f"{seconds}s"})
    try:
        store.take_turn(conn, dataset)
    except psycopg.errors.LockNotAvailable as error:
        raise RecordsBusy(dataset=dataset, seconds=seconds) from error


def _know_networks(conn: psycopg.Connection[Any]) -> None:
    """Add the usual networks where the actor may; who may not does with those that are there."""
    try:
        with conn.transaction():
            networks.ensure_defaults(conn)
    except psycopg.errors.InsufficientPrivilege:
        return


def _record(
    conn: psycopg.Connection[Any],
    prepared: Prepared,
    staged: store.Staged,
    *,
    rejected: int,
    network: str,
    target: Path | None,
    reason: str | None,
) -> int:
    """Write import row, records and audit row; the number of the import."""
    source, counts = prepared.source, staged.counts
    numbers = {
        "rows_read": source.rows_read,
        "rows_inserted": counts.inserted,
        "rows_updated": counts.updated,
        "rows_unchanged": counts.unchanged,
        "rows_repaired": len(prepared.repairs),
        "rows_rejected": rejected,
    }
    row = {
        "dataset": str(staged.dataset),
        "network_code": network if staged.dataset in NETWORKED else None,
        "filename": source.filename,
        "layer": source.layer,
        "sha256": source.sha256,
        "fingerprint": source.fingerprint,
        "encoding": source.encoding,
        "datum": str(source.datum),
        "datum_evidence": Jsonb(_plain(source.datum_evidence)),
        "mapping": Jsonb(_plain(source.mapping)),
        "rejects_file": str(target) if target else None,
        **numbers,
    }
    import_id = imports.add(conn, row)
    try:
        store.apply(conn, staged, source_id=import_id)
    except psycopg.errors.UniqueViolation as error:
        # What was judged new is there, where the actor does not see it.
        raise NotAllowed from error
    imports.audit(
        conn,
        {
            "relation": store.TABLES[staged.dataset],
            "subject": str(import_id),
            "after": Jsonb({"filename": source.filename, **numbers}),
            "reason": reason,
        },
    )
    return import_id


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Make figures of numpy, and those that are not finite, fit for JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | None) else str(value)


def _warnings(conn: psycopg.Connection[Any], dataset: Dataset) -> tuple[str, ...]:
    """Say what only the database can notice: a file that lies wholly outside the street."""
    if dataset is Dataset.AREAS or SHAPES[dataset] == "none":
        return ()
    found = conn.execute(_queries.outside.sql).fetchone()
    if found and found[0]:
        return (_("这批数据与已有辖区毫不相交,坐标系可能选错了,或者不是本地的数据。"),)
    return ()
