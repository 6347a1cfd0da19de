"""Passwords: argon2id hashes, the office's rules, and ones made at random.

Rules follow the usual reading of GB/T 22239 (MLPS 2.0): length, kinds of characters, no
reuse of the last ones; every number is a setting (``GRIDATLAS_ACCESS_…``).
"""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError
from argon2.exceptions import VerificationError

from gis.access.errors import PasswordWeak
from gis.i18n import translate as _
from gis.settings import AccessSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 256
"""Longer input is no password but an attempt to keep the hasher busy."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash(secrets.token_urlsafe())


def hashed(password: str) -> str:
    """Hash a password with argon2id (19 MiB, 2 passes: OWASP's least for servers)."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Compare; takes as long for an account that does not exist as for one that does."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(stored or _nobody, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check(password: str, *, name: str = "", former: Sequence[str] = ()) -> None:
    """Hold a new password against the rules.

    Parameters
    ----------
    password : str
        As typed.
    name : str
        Account name, which it must not contain.
    former : sequence of str
        Hashes of the ones used before, newest last.

    Raises
    ------
    PasswordWeak
        It breaks a rule; the message says which.
    """
    rules = AccessSettings()
    kinds = sum(
        any(test(c) for c in password)
        for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum() and not c.isspace())
    )
    detail = None
    if len(password) < rules.password_length:
        detail = _("太短")
    elif len(password) > LONGEST:
        detail = _("太长")
    elif kinds < rules.password_kinds:
        detail = _("字符种类太少")
    elif name and name.lower() in password.lower():
        detail = _("包含账号名")
    elif any(matches(old, password) for old in former[-rules.password_former :]):
        detail = _("最近用过")
    if detail:
        raise PasswordWeak(
            detail=detail, least=rules.password_length, kinds=rules.password_kinds, former=rules.password_former
        )


def random() -> str:
    """Make a password that meets any sensible rule: 20 characters, four kinds, easy to read aloud."""
    letters = "".join(c for c in string.ascii_letters + string.digits if c not in "0O1lI")
    groups = ["".join(secrets.choice(letters) for _place in range(4)) for _group in range(4)]
    return "-".join(
        [
            *groups[:3],
            groups[3][:2] + secrets.choice("ABCDEFGH") + secrets.choice("abcdefgh") + secrets.choice("23456789"),
        ]
    )
