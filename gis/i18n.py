"""The two languages of the screen and the terminal: Chinese (the source) and English.

Every string a person sees is written in Chinese in the code and passed through
:func:`translate` (imported as ``_``). ``locale/en/LC_MESSAGES/gridatlas.po`` holds the
English; a test fails when one is missing. Catalogues are read from the ``.po`` files
directly, so there is no compiled file to forget.
"""

from __future__ import annotations

import gettext
import io
import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

LOCALES = ("zh_CN", "en")
LOCALE_FOLDER = Path(__file__).resolve().parent.parent / "locale"

_current: ContextVar[str | None] = ContextVar("gridatlas_language", default=None)


def default_language() -> str:
    """Language of the process: ``GRIDATLAS_LANGUAGE``, else ``LANG``, else Chinese."""
    wanted = os.environ.get("GRIDATLAS_LANGUAGE") or os.environ.get("LANG", "")
    return "en" if wanted.lower().startswith("en") else "zh_CN"


def language() -> str:
    """Language in force in this context: ``zh_CN`` or ``en``."""
    return _current.get() or default_language()


def set_language(code: str) -> None:
    """Set the language of this context (a page run, a request, a command)."""
    _current.set(code if code in LOCALES else None)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Use another language for the length of a ``with`` block."""
    token = _current.set(code if code in LOCALES else None)
    try:
        yield
    finally:
        _current.reset(token)


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    path = LOCALE_FOLDER / code / "LC_MESSAGES" / "gridatlas.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(text: str) -> str:
    """Give the text in the language in force; the Chinese source where none is known."""
    return _catalogue(language()).gettext(text) if text else text


def joined(words: Iterable[object]) -> str:
    """Give words as a list the reader's language would write: ``甲、乙`` or ``a, b``."""
    return translate("、").join(map(str, words))
