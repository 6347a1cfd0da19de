"""One import on its way: where it stands, what was decided, and what has been read so far.

What was decided lies on disk beside the file (``gis.intake.uploads``), so the address alone
brings it back. What was read is dear and lies in the session, under the decisions it was
read with: when one of them changes it is read again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import streamlit as st

from gis.datasets import NETWORKED
from gis.datasets import SHAPES
from gis.datasets import STAFFED
from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.intake import prepare as preparing
from gis.intake import stored
from gis.intake import uploads
from gis.vocabulary import AreaLevel
from views import actor
from views import format as written
from views import fragment
from views import speech

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.intake.parts import Control
    from gis.intake.parts import Inspection
    from gis.intake.parts import Prepared
    from gis.vocabulary import Actor

ADDRESS = "import"
"""Query parameter: the number of the upload."""

STEPS = 5
FILE, FIELDS, PLACE, ROWS, WRITE = range(1, STEPS + 1)

NEAR = 0.02
"""Degrees around the file's points from which stored buildings are compared, where there are many."""

_HELD = "intake-held"


@dataclass
class Journey:
    """An import and what was decided.

    Attributes
    ----------
    upload : Upload
        Its files on disk.
    state : dict
        ``dataset network level person layer encoding mapping datum step`` and, when it is
        written, ``result``.
    me : Actor
        Whoever is at it; taken along into the thread that writes.
    """

    upload: uploads.Upload
    state: dict[str, Any] = field(default_factory=dict)
    me: Actor = field(default_factory=actor.current)

    @classmethod
    def open(cls, number: str) -> Journey:
        """Go on with an upload.

        Raises
        ------
        UploadGone
            It is not there any more.
        """
        upload = uploads.get(number)
        return cls(upload, upload.state())

    @property
    def dataset(self) -> Dataset:
        """What the file holds."""
        found = self.state.get("dataset")
        return Dataset(found) if found in set(Dataset) else Dataset.BUILDINGS

    @property
    def network(self) -> str:
        """Network grids belong to."""
        return str(self.state.get("network") or "comprehensive")

    @property
    def level(self) -> AreaLevel | None:
        """Level of the areas where the file does not say; None: it does."""
        found = self.state.get("level")
        return AreaLevel(found) if found in set(AreaLevel) else None

    @property
    def person(self) -> str | None:
        """Whose visits or tracks the file holds, where it does not say; None: it does."""
        return str(self.state.get("person") or "").strip() or None

    @property
    def step(self) -> int:
        """Step the import stands at, 1 to 5."""
        found = self.state.get("step")
        return found if isinstance(found, int) and 1 <= found <= STEPS else FILE

    @property
    def mapping(self) -> dict[str, str]:
        """Fields the user set himself; an empty column takes a field away."""
        return dict(self.state.get("mapping") or {})

    @property
    def name(self) -> str:
        """Name of the file as it was handed over."""
        return self.upload.main().name

    def change(self, **changes: object) -> None:
        """Keep decisions on disk."""
        self.state = self.upload.save(**changes)

    def go(self, step: int) -> None:
        """Go to a step."""
        self.change(step=step)

    def inspect(self) -> Inspection:
        """Look at the file under the decisions of now; read again only when they changed."""
        return self.under(self.state.get("datum"))

    def question(self) -> Inspection:
        """Look at the file as if nobody had named a datum: the candidates and their figures."""
        return self.under(None)

    def under(self, datum: str | None) -> Inspection:
        """Look at the file under a datum."""
        found: Inspection = self._held(
            f"inspection {datum}",
            lambda: preparing.inspect(self.upload.main(), self.dataset, **self._options(datum)),
            without=("datum", "network", "level", "person"),
        )
        return found

    def prepare(self, progress: Callable[[str, float], None] | None = None) -> Prepared:
        """Make the clean frame under the decisions of now; what the session holds is not made again."""
        found: Prepared = self._held("prepared", lambda: self.prepare_anew(progress))
        return found

    def prepare_anew(self, progress: Callable[[str, float], None] | None = None) -> Prepared:
        """Make the clean frame without looking at what the session holds."""
        return preparing.prepare(
            self.upload.main(),
            self.dataset,
            **self._options(self.state.get("datum")),
            network=self.network if self.dataset in NETWORKED else None,
            level=self.level if self.dataset is Dataset.AREAS else None,
            person=self.person if self.dataset in STAFFED else None,
            progress=progress,
        )

    def held(self) -> Prepared | None:
        """Give the clean frame if the session holds it."""
        kept = st.session_state.get(_HELD, {}).get("prepared")
        return kept[1] if kept and kept[0] == self._key("prepared", ()) else None

    def forget(self) -> None:
        """Let go of what was read."""
        st.session_state.pop(_HELD, None)

    def _options(self, datum: str | None) -> dict[str, Any]:
        return {
            "layer": self.state.get("layer"),
            "encoding": self.state.get("encoding"),
            "mapping": self.mapping or None,
            "datum": datum,
            "control": None if datum else self._control(),
        }

    def _control(self) -> Control | None:
        """Read the stored buildings to compare with; those near the file where there are too many."""
        if SHAPES[self.dataset] != "point":
            return None
        with session(self.me) as conn:
            if not stored.many(conn):
                return stored.control(conn)
        first = preparing.inspect(self.upload.main(), self.dataset, **{**self._options("wgs84"), "datum": None})
        near = [xy for xy in first.preview.values() if len(xy)]
        if not near:
            return None
        west, south = np.min([np.quantile(xy, 0.01, axis=0) for xy in near], axis=0) - NEAR
        east, north = np.max([np.quantile(xy, 0.99, axis=0) for xy in near], axis=0) + NEAR
        with session(self.me) as conn:
            return stored.control(conn, (float(west), float(south), float(east), float(north)))

    def _held(self, what: str, make: Callable[[], Any], without: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
        """Give what was read under the same decisions, else read it; nothing of another upload is kept."""
        key = self._key(what, without)
        kept = st.session_state.setdefault(_HELD, {})
        if what not in kept or kept[what][0] != key:
            for name in [name for name, (old, _value) in kept.items() if not old.startswith(self.upload.id)]:
                kept.pop(name)
            kept.pop(what, None)
            kept[what] = (key, make())
        return kept[what][1]

    def _key(self, what: str, without: tuple[str, ...]) -> str:
        ignored = {"step", "result", "actor", "failed", *without}
        decided = {name: value for name, value in self.state.items() if name not in ignored}
        return f"{self.upload.id} {what} {json.dumps(decided, sort_keys=True)}"


def beside(error: GridAtlasError, key: str) -> None:
    """Show a mistake beside what caused it; what was chosen stays."""
    with st.container(key=f"beside-{key}"):
        fragment.refused(error.message, speech.remedy(error))
        if isinstance(error, DatabaseUnavailable):
            st.button(_("重试"), key=f"again-{key}", icon=":material/refresh:")


def tell(warnings: list[str] | tuple[str, ...]) -> None:
    """Show the sentences the user should read."""
    for sentence in dict.fromkeys(warnings):
        st.warning(written.plain(speech.here(sentence)), icon=":material/info:")
