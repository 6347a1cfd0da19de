"""The command line ``script/gis``: one module per group of verbs, put together here.

Every mistake of ours ends as one sentence with a remedy on stderr and its exit status;
nothing shows a traceback unless ``GRIDATLAS_DEBUG`` is set.
"""

from __future__ import annotations

import os
import sys

import typer

from gis.cli import database
from gis.db.connection import close_pools
from gis.errors import GridAtlasError
from gis.i18n import translate as _

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(database.app, name="db")


def main() -> None:
    """Run a command; turn our own mistakes into a sentence and an exit status."""
    try:
        app()
    except GridAtlasError as error:
        if os.environ.get("GRIDATLAS_DEBUG"):
            raise
        print(error.message, error.remedy, sep="\n", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print(_("已中断,没有留下做到一半的东西。"), file=sys.stderr)
        sys.exit(130)
    finally:
        close_pools()
