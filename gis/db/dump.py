"""Calling ``pg_dump`` and ``pg_restore``: which ones, as whom, and what their complaints mean.

The embedded server is asked as its superuser, an office's own one as ``atlas_owner``, whose
policies show every row. A password never stands on a command line.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from psycopg.conninfo import make_conninfo

from gis.db import cluster
from gis.db.connection import OWNER
from gis.db.connection import SCHEMA
from gis.db.connection import conninfo
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.errors import GridAtlasError
from gis.errors import ProgramMissing
from gis.i18n import translate as _
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_ROOM = ("No space left", "Disk quota", "could not extend file", "File too large")
GONE = ("connection to server", "server closed the connection", "terminating connection", "connection not open")


class DumpFailed(GridAtlasError):
    """``pg_dump`` or ``pg_restore`` gave up."""

    template = "备份程序 {program} 没有完成:{detail}。"
    cure = "数据库没有受影响;请按提示处理后重试。"


class ProgramsTooOld(GridAtlasError):
    """The programs are older than the server or the file."""

    template = "本机的 {program} 版本太旧:{detail}。"
    cure = "请安装与数据库同版本或更新的 postgresql-client。"


def role() -> str | None:
    """Role that sees every row: the superuser of the embedded server, else the owner."""
    return None if DatabaseSettings().database_url is None else OWNER


def save(path: Path, snapshot: str) -> None:
    """Write schema ``atlas`` as a snapshot shows it, in custom format.

    Raises
    ------
    DiskFull, DatabaseUnavailable, DumpFailed, ProgramsTooOld, ProgramMissing
        What went wrong; the file is not to be used.
    """
    path.touch(mode=0o600)
    _run(
        "pg_dump", role(), None,
        "--format=custom", f"--schema={SCHEMA}", "--enable-row-security", "--no-tablespaces",
        "--lock-wait-timeout=60s", f"--snapshot={snapshot}", f"--file={path}",
    )  # fmt: skip


def load(path: Path, database: str) -> None:
    """Restore a dump into a database without schema ``atlas``; all of it or nothing."""
    options = ["--exit-on-error", "--single-transaction", "--no-tablespaces"]
    if role() is not None:
        options.append("--no-owner")
    _run("pg_restore", role(), database, *options, str(path))


def statements(path: Path) -> Iterator[str]:
    """Give a dump as SQL, line by line, without the schema itself."""
    listed = _run("pg_restore", None, None, "--list", str(path), connect=False).splitlines()
    wanted = [line for line in listed if not re.match(rf"\d+; \d+ \d+ (SCHEMA|COMMENT) - (SCHEMA )?{SCHEMA} ", line)]
    with tempfile.NamedTemporaryFile("w", prefix="gridatlas-", suffix=".toc", encoding="utf-8") as toc:
        toc.write("\n".join(wanted) + "\n")
        toc.flush()
        command = [
            str(find("pg_restore")), "--no-owner", "--no-tablespaces", "--enable-row-security",
            f"--use-list={toc.name}", "--file=-", str(path),
        ]  # fmt: skip
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            with io.TextIOWrapper(child.stdout, encoding="utf-8", newline="\n") as out:
                yield from out
            said = child.stderr.read().decode(errors="replace")
        if child.returncode != 0:
            _fail("pg_restore", said)


def find(program: str) -> Path:
    """Find a program: beside the embedded server's, else the newest installed.

    Raises
    ------
    ProgramMissing
        There is none.
    """
    if DatabaseSettings().database_url is None:
        return cluster.binaries() / program
    found = [path for path in Path("/usr/lib/postgresql").glob(f"*/bin/{program}") if path.parent.parent.name.isdigit()]
    if found:
        return max(found, key=lambda path: int(path.parent.parent.name))
    on_path = shutil.which(program)
    if on_path is None:
        raise ProgramMissing(program=program, remedy=_("请安装 postgresql-client。"))
    return Path(on_path)


def _run(program: str, as_role: str | None, database: str | None, *options: str, connect: bool = True) -> str:
    command, environment = [str(find(program)), *options], _environment()
    if connect:
        given: dict[str, Any] = dict(conninfo_to_dict(conninfo(as_role, database)))
        password = given.pop("password", None)
        if password:
            environment["PGPASSWORD"] = str(password)
        command.append(f"--dbname={make_conninfo(**given)}")
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        env=environment, cwd="/",
    )  # fmt: skip
    if done.returncode != 0:
        _fail(program, done.stderr)
    return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") or name == "PGPASSFILE"}
    return {**kept, "LC_ALL": "C.UTF-8"}


def _fail(program: str, said: str) -> None:
    lines = [line for line in said.splitlines() if line.strip()] or ["-"]
    first = next((line for line in lines if "error" in line.lower()), lines[-1])
    detail = first.removeprefix(f"{program}: ").removeprefix("error: ")[:300]
    if any(word in said for word in NO_ROOM):
        raise DiskFull(detail=detail)
    if "version mismatch" in said or "unsupported version" in said:
        raise ProgramsTooOld(program=program, detail=detail)
    if any(word in said for word in GONE):
        raise DatabaseUnavailable(detail=detail)
    raise DumpFailed(program=program, detail=detail)
