"""Processes of the tests' own that are killed: which one, and when it is no more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest


def postmaster(victim):
    return int((victim.data / "postmaster.pid").read_text().split("\n", 1)[0])


def gone(number):
    """Wait until a killed process is no more (nobody may have collected it yet)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail(f"process {number} is still there")
