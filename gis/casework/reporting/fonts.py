"""Fonts of printed reports, by the names offices have them under (GB/T 9704: 小标宋 for titles, 仿宋 for texts)."""

from __future__ import annotations

TITLE = "方正小标宋简体"
BODY = "仿宋_GB2312"
LATIN = "Times New Roman"
SHEET_TITLE, SHEET_BODY = "宋体", "仿宋"
"""What every Excel has."""
