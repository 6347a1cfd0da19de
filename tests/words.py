"""Collect every text a person can see, and keep the English catalogue in step with the code.

``script/words`` runs this: it adds what is new to ``locale/en/LC_MESSAGES/gridatlas.po``
(untranslated), drops what is gone, and says what still needs a translation. The tests of
words use the same collection, so nothing can be forgotten by one and found by the other.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.messages.pofile import write_po

from gis.cli import assemble
from gis.cli import manual

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES" / "gridatlas.po"
ROOMS = ("app.py", "gis", "layers", "server", "views", "data")
MARKS = {"_", "translate", "N_"}
SHOWN_ATTRIBUTES = {"template", "cure"}
DATA = {
    "data/demo": "names and addresses of the invented street",
    "gis/casework/reporting/fonts.py": "names of fonts",
    "gis/crs.py": "names of coordinate systems as files spell them",
    "gis/intake/angles.py": "how files write angles",
    "gis/intake/encodings.py": "frequent characters, to tell encodings apart",
    "gis/intake/values.py": "how files write dates, numbers and nothing at all",
    "gis/intake/places.py": "beginnings of column names",
    "views/format.py": "dates, written by each language's own rule",
}
"""Files whose other Chinese texts are data, never shown as they stand, with the reason."""
HEADER = """\
# English texts of GridAtlas; kept in step with the code by script/words.
msgid ""
msgstr ""
"Project-Id-Version: GridAtlas\\n"
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
FIELD = re.compile(r"\{[^}]*\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")
SOURCE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
"""Chinese characters, or the punctuation that only Chinese text has."""


def files() -> list[Path]:
    """Python files whose texts can reach a person."""
    found = []
    for room in ROOMS:
        path = ROOT / room
        found += [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
    return [path for path in found if path.exists()]


def texts() -> dict[str, set[str]]:
    """All texts with the files they stand in."""
    found: dict[str, set[str]] = {}
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        labels = [] if name.startswith(tuple(DATA)) else _labels(tree)
        for text in [*_marked(tree), *labels]:
            found.setdefault(text, set()).add(name)
    for text, name in _helps():
        found.setdefault(text, set()).add(name)
    return {text: names for text, names in found.items() if FIELD.sub("", text).strip()}


def _labels(tree: ast.Module) -> Iterator[str]:
    """Chinese texts that stand in tables (titles, legends, names of fields) and are translated later."""
    loose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in loose:
            yield from [node.value] if CHINESE.search(node.value) else []


def _marked(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _called(node) in MARKS:
            yield from _constants(node.args[0])
        elif isinstance(node, ast.ClassDef):
            for line in node.body:
                targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
                if any(isinstance(t, ast.Name) and t.id in SHOWN_ATTRIBUTES for t in targets):
                    yield from _constants(line.value)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _helps() -> Iterator[tuple[str, str]]:
    """Help of every verb, paragraph by paragraph, from its docstring."""
    waiting = [assemble()]
    while waiting:
        group = waiting.pop()
        waiting += [child.typer_instance for child in group.registered_groups]
        for command in group.registered_commands:
            name = command.callback.__module__.replace(".", "/") + ".py"
            for text in manual.source(command.callback).split("\n\n"):
                yield text, name


def _merged(old: Catalog) -> Catalog:
    new = Catalog(locale="en")
    for text, places in sorted(texts().items(), key=lambda item: (min(item[1]), item[0])):
        known = old.get(text)
        new.add(text, known.string if known is not None else "", locations=[(place, 0) for place in sorted(places)])
    return new


def main() -> int:
    """Update the catalogue; exit status 1 when something has no translation yet."""
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    old = Catalog(locale="en")
    if CATALOGUE.exists():
        with CATALOGUE.open("rb") as source:
            old = read_po(source, locale="en")
    new = _merged(old)
    with CATALOGUE.open("wb") as out:
        out.write(HEADER.encode())
        write_po(out, new, width=110, include_lineno=False, omit_header=True)
    missing = [message.id for message in new if message.id and not message.string]
    sys.stdout.writelines(f"{text}\n" for text in missing)
    sys.stderr.write(f"{len(new)} texts, {len(missing)} without a translation\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
