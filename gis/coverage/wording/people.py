"""Sentences about people, visits, venues and borders that time has passed by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from typing import Any

    from gis.coverage.wording import phrases
    from gis.vocabulary import RuleKey

SENTENCES: dict[RuleKey, Callable[[phrases.Judged], str]] = {}
"""The sentence of each rule of this family."""

REMEDIES: dict[str, Callable[[Mapping[str, Any]], str]] = {}
"""What each action of this family's remedies would do."""
