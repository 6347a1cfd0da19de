"""The docs are a contract: whatever a user can call, set or meet is in them, and truly so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gis import settings
from gis.cli import assemble
from gis.cli import manual
from gis.coverage.rules import RULES
from layers.catalog import catalog
from tests import pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
VARIABLE = re.compile(r"\bGRIDATLAS_[A-Z_]*[A-Z]\b")
INLINE_COMMAND = re.compile(r"script/gis ((?:[a-z]+(?:-[a-z]+)* ?)+)")
SOURCES = [
    *(ROOT / "script").iterdir(),
    *(path for room in ("gis", "layers", "server", "views", "data") for path in (ROOT / room).rglob("*.py")),
    ROOT / "app.py",
    ROOT / "tests" / "conftest.py",
]


def text(path):
    return path.read_text(encoding="utf-8")


def variables_of_settings():
    """Environment variables of the settings classes with their defaults."""
    found = {}
    for name, prefix in settings.prefixes().items():
        kind = getattr(settings, name, None)
        if kind is None:
            continue
        for field, info in kind.model_fields.items():
            found[f"{prefix}{field}".upper()] = info.default
    return found


def test_the_page_of_commands_is_the_command_line():
    assert text(pages.COMMANDS) == pages.commands(), "run script/words"


def test_the_table_of_rights_is_the_matrix():
    assert text(pages.ACCESS) == pages.rights(), "run script/words"


def test_every_command_and_option_is_explained():
    verbs = list(manual.verbs(assemble()))
    assert len(verbs) > 5
    silent = [verb.path for verb in verbs if not verb.text]
    silent += [f"{verb.path} {entry.names}" for verb in verbs for entry in verb.entries if not entry.text]
    assert silent == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_named_in_the_docs_exist(path):
    known = {verb.path.removeprefix(manual.PROGRAM).strip() for verb in manual.verbs(assemble())}
    groups = {name.rpartition(" ")[0] for name in known if " " in name}
    unknown = []
    for words in INLINE_COMMAND.findall(text(path)):
        parts = words.split()
        if parts[0] not in known | groups or (parts[0] in groups and " ".join(parts[:2]) not in known | groups):
            unknown.append(words)
    assert unknown == []


def test_every_setting_is_documented_with_its_default():
    page = text(DOCS / "settings.md")
    found = variables_of_settings()
    assert len(found) > 10
    missing = []
    for name, default in found.items():
        rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        shown = isinstance(default, int | float | str) and default != "" and f"`{default}`"
        if len(rows) != 1 or (shown and shown not in rows[0]):
            missing.append((name, default))
    assert missing == []


def test_every_variable_the_code_reads_is_documented_and_the_other_way_round():
    page = set(VARIABLE.findall(text(DOCS / "settings.md")))
    read = {name for path in SOURCES if path.is_file() for name in VARIABLE.findall(text(path))}
    prefixes = {name for name in read if any(other.startswith(f"{name}_") for other in page)}
    assert read - page - prefixes == set()
    assert page - read - set(variables_of_settings()) == set()


def test_every_rule_is_documented():
    page = text(DOCS / "rules.md")
    assert RULES
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []


def test_every_layer_is_documented():
    page = text(DOCS / "tiles.md")
    assert catalog()
    assert [key for key in catalog() if f"`{key}`" not in page] == []


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_readmes_name_the_two_commands_and_the_picture(path):
    page = text(path)
    for needed in ("script/server", "script/test", "docs/images/coverage.png", "http://127.0.0.1:8501", "Apache"):
        assert needed in page, needed


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    here = [link for link in LINK.findall(text(path)) if not link.startswith(("http://", "https://", "mailto:"))]
    assert [link for link in here if not (path.parent / link).exists()] == []


def test_every_page_can_be_reached_from_a_readme():
    reached = {path.resolve() for path in READMES}
    waiting = list(reached)
    while waiting:
        page = waiting.pop()
        for link in LINK.findall(text(page)):
            target = (page.parent / link).resolve()
            if target.suffix == ".md" and target.exists() and target not in reached:
                reached.add(target)
                waiting.append(target)
    assert [path.relative_to(ROOT).as_posix() for path in PAGES if path.resolve() not in reached] == []
