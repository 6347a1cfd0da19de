"""Categories (小类) in versions: looked up, searched by words and pinyin, taken in, and matched across standards.

A category is known by standard, kind, code and version; the same code may be a part and a matter.
What is shipped (``data/reference/categories.csv``, ``matches.csv``) are examples, since the printed
standards were not at hand; a table an office imports replaces them for its standard and kind. A case
keeps the *name* of its small class, and its code and standard beside it where they are known.
"""

from __future__ import annotations

from gis.casework.categories.search import Found
from gis.casework.categories.search import code
from gis.casework.categories.search import search
from gis.casework.categories.tables import Category
from gis.casework.categories.tables import Match
from gis.casework.categories.tables import across
from gis.casework.categories.tables import listing
from gis.casework.categories.tables import matches
from gis.casework.categories.taking import Taken
from gis.casework.categories.taking import take

__all__ = ["Category", "Found", "Match", "Taken", "across", "code", "listing", "matches", "search", "take"]
