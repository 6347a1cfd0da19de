"""The command line ``script/gis``: one module per group of verbs, put together here.

Every mistake of ours ends as one sentence with a remedy on stderr and its exit status;
nothing shows a traceback unless ``GRIDATLAS_DEBUG`` is set.
"""

from __future__ import annotations

import importlib
import os
import sys

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from gis import settings
from gis.cli import manual
from gis.cli import usage
from gis.db.connection import close_pools
from gis.errors import GridAtlasError
from gis.i18n import translate as _

INTERRUPTED = 130

VERBS = {
    "serve": "serving:serve",
    "doctor": "doctor:doctor",
    "check": "checking:check",
    "import": "importing:import_file",
    "coverage": "coverage:app",
    "worker": "working:worker",
    "demo": "demo:demo",
    "db": "database:app",
    "case": "case:app",
    "duties": "duties:app",
    "calendar": "calendar:app",
    "categories": "categories:app",
    "whistle": "whistle:app",
    "report": "reporting:app",
    "user": "user:app",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "audit": "audit:app",
}
"""Where each verb is, in the order of the help; only the module of the verb in use is loaded."""


def assemble(verb: str | None = None) -> typer.Typer:
    """Put the command line together: with all verbs, or with the one in use."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_nothing_before)
    for name in [verb] if verb in VERBS else VERBS:
        module, _colon, member = VERBS[name].partition(":")
        found = getattr(importlib.import_module(f"gis.cli.{module}"), member)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    manual.furnish(app)
    return app


def main() -> None:
    """Run a command; turn every mistake into a sentence and an exit status."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    try:
        status = assemble(sys.argv[1])(prog_name=manual.PROGRAM, standalone_mode=False) or 0
        if status == INTERRUPTED:  # Typer swallows the Ctrl-C itself
            _interrupted()
        sys.exit(status)
    except GridAtlasError as error:
        _leave(error)
    except ValidationError as error:
        _leave(usage.explain_settings(error, settings.prefixes()), error)
    except TyperException as error:
        _leave(usage.explain_usage(error), error)
    except (KeyboardInterrupt, typer.Abort):
        _interrupted()
    except Exception as error:  # noqa: BLE001  the last place where a bug can still become a sentence
        _leave(usage.explain_rest(error), error)
    finally:
        close_pools()


def _nothing_before() -> None:
    # A Typer with one verb and no callback takes the verb's name away; help must stay empty.
    return


def _interrupted() -> None:
    print(_("已中断,没有留下做到一半的东西。"), file=sys.stderr)
    sys.exit(INTERRUPTED)


def _leave(error: GridAtlasError, cause: BaseException | None = None) -> None:
    if os.environ.get("GRIDATLAS_DEBUG"):
        raise cause or error
    print(error.message, error.remedy, sep="\n", file=sys.stderr)
    sys.exit(error.exit_status)
