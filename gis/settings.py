"""Small settings classes, one per concern, each with its own environment prefix.

Read at the moment of use (``HomeSettings()``), so tests set the environment and nothing
is frozen at import. ``docs/settings.md`` documents every field; a test holds it to that.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings
from pydantic_settings import SettingsConfigDict

from gis.vocabulary import Role  # noqa: TC001  pydantic reads the annotation

CHECKOUT = Path(__file__).resolve().parent.parent


def _default_home() -> Path:
    return Path("/var/lib/gridatlas") if os.geteuid() == 0 else CHECKOUT / "var"


class HomeSettings(BaseSettings):
    """Where the house keeps what it makes: database, rejects, logs, exports."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_")

    home: Path = Field(default_factory=_default_home)


class DatabaseSettings(BaseSettings):
    """Which PostgreSQL to use and how."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_")

    database_url: str | None = None
    """An existing server (PostgreSQL >= 15, PostGIS >= 3.3); unset: the embedded one."""
    database_name: str = "gridatlas"
    """Name of the database on the embedded server."""
    pool_size: int = Field(default=8, ge=1, le=100)
    """Connections a process keeps at most."""
    pool_wait_s: float = Field(default=10.0, gt=0)
    """Seconds to wait for a connection before saying that the database is not there."""
    statement_timeout_s: int = Field(default=120, ge=1)
    """Seconds after which a person's query is cancelled; jobs have no limit."""
    lock_timeout_s: int = Field(default=15, ge=1)
    """Seconds a statement waits for a lock."""


class ServerSettings(BaseSettings):
    """Where the pages are served."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_")

    address: str = "127.0.0.1"
    """Address to listen on; loopback until accounts exist."""
    port: int = Field(default=8501, ge=1, le=65535)
    """Port to listen on."""
    demo: bool | None = None
    """Load the demo street into an empty database at start; unset: only into the embedded one."""


class AccessSettings(BaseSettings):
    """Passwords, sign-in, sessions, the audit's keeping."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_ACCESS_")

    password_length: int = Field(default=10, ge=8, le=128)
    """Fewest characters of a password."""
    password_kinds: int = Field(default=3, ge=1, le=4)
    """Fewest kinds among lower case, upper case, digits and signs."""
    password_former: int = Field(default=5, ge=1, le=50)
    """How many of the last passwords may not be used again."""
    password_days: int = Field(default=90, ge=0)
    """Days after which a password has to be changed; 0: never."""
    lock_after: int = Field(default=5, ge=3, le=20)
    """Failed attempts after which an account is locked."""
    lock_first_s: int = Field(default=60, ge=10)
    """Seconds of the first lock; each further failure doubles it."""
    lock_most_s: int = Field(default=3600, ge=60)
    """Longest lock in seconds."""
    idle_minutes: int = Field(default=30, ge=1)
    """Minutes without a sign of life after which a session ends."""
    session_hours: int = Field(default=12, ge=1)
    """Hours after which a session ends whatever happens."""
    wall_days: int = Field(default=30, ge=1)
    """Days a session of the wall lasts, watched or not."""
    token_days: int = Field(default=365, ge=1)
    """Longest life of a token for machines."""
    secure_cookie: bool | None = None
    """Send the session cookie over HTTPS only; unset: wherever the request came by HTTPS."""
    audit_days: int = Field(default=1096, ge=180)
    """Days audit rows are kept (three years; the law asks for six months at least)."""
    demo: bool | None = None
    """Make demo accounts at the first start; unset: only beside the demo street, on loopback."""


class OidcSettings(BaseSettings):
    """An identity provider as the second way in; none by default."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_OIDC_")

    issuer: str | None = None
    """Address of the provider; its ``/.well-known/openid-configuration`` must be reachable."""
    client_id: str = "gridatlas"
    client_secret: str = ""
    label: str = ""
    """What the button on the sign-in page says."""
    groups_claim: str = "groups"
    """Claim of the ID token that names the groups."""
    roles: dict[str, Role] = Field(default_factory=dict)
    """Group to role, as JSON: ``{"wg-leaders": "leader"}``; a person without any such group is refused."""
    scope: str = "office"
    """Scope of an account that comes in for the first time: ``office``, ``area:CODE`` or ``none``."""


class BackupSettings(BaseSettings):
    """Backups of the database."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_BACKUP_")

    folder: Path | None = None
    """Where backups go; unset: ``backups/`` below the home."""
    at: str = Field(default="", pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day of the daily backup, ``HH:MM`` local time; empty: none by itself."""
    keep: int = Field(default=14, ge=1)
    """How many daily backups are kept."""


class BasemapSettings(BaseSettings):
    """A tile basemap of the office's own (Tianditu scheme included); none by default."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_BASEMAP_")

    url: str | None = None
    """``http://…/{z}/{x}/{y}`` template in Web Mercator; ``{key}`` is filled from ``key``."""
    label_url: str | None = None
    """A second template drawn above the first (Tianditu keeps its labels apart)."""
    key: str = ""
    tile_size: int = Field(default=256, ge=64, le=1024)
    attribution: str = ""


class CodeSettings(BaseSettings):
    """Patterns codes are checked by."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_CODE_")

    grid_pattern: str = r"\d{15}"
    """Regular expression for a grid code: 6 county + 3 street + 3 community + 3 sequence."""
    phone_pattern: str = r"(?!1(?![3-9]\d{9}$))\d{7,12}"
    """Regular expression for a phone, spaces and dashes taken out: a mobile where it begins with 1, else a landline."""


class IntakeSettings(BaseSettings):
    """Limits on files that come in."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_INTAKE_")

    max_file_mb: int = Field(default=2048, ge=1)
    """Largest file taken, in MB, also after unpacking."""
    max_ratio: int = Field(default=200, ge=2)
    """Largest ratio of unpacked to packed size: beyond it an archive is a bomb."""
    max_rows: int = Field(default=5_000_000, ge=1)
    max_track_points: int = Field(default=500_000, ge=2)
    """Most points in one GPX file: a year of one person's walks, a point a minute."""


class PeopleSettings(BaseSettings):
    """How long whereabouts are kept."""

    model_config = SettingsConfigDict(env_prefix="GRIDATLAS_PEOPLE_")

    track_days: int = Field(default=180, ge=1)
    """Days after which tracks are deleted (PIPL art. 19, 28: whereabouts, as short as the purpose allows)."""


def prefixes() -> dict[str, str]:
    """Prefix of the environment variables of each settings class, by its name."""
    return {kind.__name__: kind.model_config.get("env_prefix", "") for kind in BaseSettings.__subclasses__()}
