"""How Chinese words sound: pinyin without tones, ü as v, as people type it."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import lazy_pinyin


@lru_cache(maxsize=50_000)
def spoken(text: str) -> str:
    """Give the pinyin of a text, lower case, syllables apart; letters and digits stay one syllable, signs go."""
    return " ".join(syllable.lower() for part in _parts(text) for syllable in lazy_pinyin(part))


def initials(spoken_text: str) -> str:
    """Give the first letters of a pinyin whose syllables are apart."""
    return "".join(syllable[0] for syllable in spoken_text.split())


def _parts(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in text).split()
