"""The house keeps its own rules: size of files, floors, nothing fetched, no machine named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("gis", "layers", "server", "views", "data", "tests", "bench", "script", ".ci")
SHIPPED = ("gis", "layers", "server", "views", "data", "script")
TEXT = {".py", ".sql", ".js", ".css", ".html", ".csv", ".json", ".toml", ".md", ".txt", ".po", ""}
MOST_LINES = 500
ADDRESS = re.compile(r"https?://[^\s\"'`)>\]]+")
NAMES_NOT_FETCHED = ("http://www.opengis.net/", "http://www.w3.org/", "http://127.0.0.1", "http://localhost")
"""Names of XML vocabularies, which only look like addresses, and this machine."""
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home|Users)/[a-z]")
SCREENS = {
    "streamlit": ("app.py", "views/"),
    "streamlit_folium": ("views/",),
    "folium": ("views/",),
    "pydeck": ("views/map.py", "views/preview.py", "layers/"),
}


def files(*rooms, suffixes=frozenset(TEXT)):
    roots = [ROOT / room for room in rooms]
    found = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return [path for path in found if path.suffix in suffixes and not {"__pycache__", "node_modules"} & set(path.parts)]


def name(path):
    return path.relative_to(ROOT).as_posix()


PYTHON = [ROOT / "app.py", *files("gis", "layers", "server", "views", "data", "tests", "bench", suffixes={".py"})]


def test_no_file_is_longer_than_one_can_keep_in_mind():
    long = {name(path): lines for path in PYTHON if (lines := len(path.read_text().splitlines())) > MOST_LINES}
    assert long == {}


def test_modules_have_names_of_one_word():
    assert [name(p) for p in PYTHON if "_" in p.stem.strip("_") and not p.stem.startswith("test_")] == []


def test_nothing_shipped_names_a_place_in_the_internet():
    found = []
    for path in [ROOT / "app.py", *files(*SHIPPED, suffixes=TEXT - {".md"})]:
        lines = path.read_text(encoding="utf-8").splitlines()
        if path.suffix == ".py":
            lines = code_lines(path)
        for line in lines:
            found += [(name(path), at) for at in ADDRESS.findall(line) if not at.startswith(NAMES_NOT_FETCHED)]
    assert [(where, at) for where, at in found if not at.startswith(("http://{", "https://{", "http://…"))] == []


def code_lines(path):
    """Lines of a module without its docstrings, which may cite where a formula comes from."""
    import ast

    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            prose |= set(range(node.lineno, node.end_lineno + 1))
    return [line for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if n not in prose]


def test_nothing_names_a_folder_of_one_machine():
    found = []
    for path in [ROOT / "app.py", *files(*ROOMS, "docs"), *ROOT.glob("*.md"), *ROOT.glob("*.toml")]:
        if path == Path(__file__):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [(name(path), n) for n, line in enumerate(lines, 1) if MACHINE.search(line)]
    assert found == []


@pytest.mark.parametrize("screen", SCREENS)
def test_screens_are_known_only_where_they_are_drawn(screen):
    asks = re.compile(rf"^\s*(?:import|from) {screen}\b", re.MULTILINE)
    outside = [
        name(path)
        for path in [ROOT / "app.py", *files("gis", "layers", "server", "views", "data", suffixes={".py"})]
        if asks.search(path.read_text(encoding="utf-8")) and not name(path).startswith(SCREENS[screen])
    ]
    assert outside == []


def test_the_command_line_starts_without_a_screen():
    code = "import sys, gis.cli; print(sorted({'streamlit', 'pydeck', 'folium'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_shell_script_is_sound_and_can_be_run():
    for path in (ROOT / "script").iterdir():
        if path.is_dir():
            continue
        assert subprocess.run(["bash", "-n", path], check=False).returncode == 0, name(path)
        assert (path.stat().st_mode & 0o111 != 0) == (path.suffix == ""), name(path)


def test_every_migration_goes_forward_and_back():
    folder = ROOT / "data" / "migrations"
    forward = {path.name.removesuffix(".up.sql") for path in folder.glob("*.up.sql")}
    back = {path.name.removesuffix(".down.sql") for path in folder.glob("*.down.sql")}
    assert forward
    assert forward == back
    assert len({each.split("_")[0] for each in forward}) == len(forward)


def test_the_files_begun_first_are_there():
    assert [file for file in conftest.LONGEST if not (ROOT / file).is_file()] == []


def test_the_pins_cover_what_is_asked_for():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    first = re.compile(r"^[A-Za-z0-9-]+")
    for file, wanted in (
        ("requirements.txt", project["dependencies"]),
        ("requirements-dev.txt", [*project["dependencies"], *project["optional-dependencies"]["dev"]]),
    ):
        pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", (ROOT / file).read_text(), re.MULTILINE))
        for line in wanted:
            package = first.match(line).group().lower()
            assert package in pinned, f"{package} is not pinned in {file}; compile it again"
            if "==" in line:
                assert line.split("==")[1] == pinned[package], package
