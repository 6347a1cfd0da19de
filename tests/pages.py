"""Pages of ``docs/`` that are made from the code: the reference of the commands, the table of rights.

``script/words`` writes them; a test compares, so the page cannot lag behind the command line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gis.access import matrix
from gis.cli import assemble
from gis.cli import manual
from gis.i18n import speaking
from gis.vocabulary import Role

DOCS = Path(__file__).resolve().parent.parent / "docs"
COMMANDS = DOCS / "commands.md"
ACCESS = DOCS / "access.md"
BEGIN, END = "<!-- matrix: made by script/words -->", "<!-- end of matrix -->"
MARKS = {"none": "–", "own": "own", "scope": "scope", "office": "office", "all": "all"}
OPENING = """\
# Commands · 命令

Made from the command line itself by `script/words`; do not edit. 由命令行生成,请勿手改。

`script/server` sets up what is missing and runs `script/gis serve`; `script/test` runs every check.
Exit status of every command: 0 done · 1 `check` found something of severity `block`, or `audit verify` that the chain
does not hold · 2 wrong use, bad input,
or something is missing (one sentence and its remedy on stderr) · 130 interrupted.
`GRIDATLAS_LANGUAGE=en` makes the commands speak English. Settings: [settings.md](settings.md).
"""


def commands() -> str:
    """Text of ``docs/commands.md``."""
    with speaking("zh_CN"):
        chinese = list(manual.verbs(assemble()))
    with speaking("en"):
        english = list(manual.verbs(assemble()))
    parts = [OPENING]
    for here, there in zip(chinese, english, strict=True):
        usage = " ".join([here.path, *(entry.names for entry in here.entries if entry.is_argument)])
        parts.append(f"## `{usage}`\n\n{here.text}\n\n{there.text}\n")
        if here.entries:
            rows = [
                f"| `{_cell(one.names)}` | {_cell(one.text)} | {_cell(two.text)} |"
                for one, two in zip(here.entries, there.entries, strict=True)
            ]
            parts.append("\n".join(["| | 说明 | meaning |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def rights() -> str:
    """Text of ``docs/access.md`` with the table of rights as ``data/reference/access.csv`` has it."""
    lines = [f"| table | operation | {' | '.join(Role)} |", "| --- " * (len(Role) + 2) + "|"]
    for table in matrix.tables():
        for operation in matrix.Operation:
            extents = [matrix.extent(role, table, operation) for role in Role]
            if set(extents) != {matrix.Extent.NONE}:
                lines.append(f"| `{table}` | {operation} | {' | '.join(MARKS[one] for one in extents)} |")
    closed = [t for t in matrix.tables() if not any(matrix.roles(t, operation) for operation in matrix.Operation)]
    lines += ["", "Closed to every role: " + ", ".join(f"`{table}`" for table in closed) + "."]
    before, _begin, rest = ACCESS.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return "\n".join([before + BEGIN, *lines, END]) + after


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write the pages."""
    COMMANDS.write_text(commands(), encoding="utf-8")
    ACCESS.write_text(rights(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
