"""Proof that a form was sent from a page of ours, to the very browser that sends it back.

A form's token is an HMAC over what only that browser holds: a random cookie before the
sign-in, the session's token after it. One taken from another browser, another session or
another form does not fit. The key is made anew with each process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

FIELD = "token"
COOKIE = "gridatlas_form"

_KEY = secrets.token_bytes(32)


def new_cookie() -> str:
    """Make what a browser without a session keeps for its form."""
    return secrets.token_urlsafe(24)


def token(form: str, bound: str) -> str:
    """Make the token of a form.

    Parameters
    ----------
    form : str
        Which form: one's token is no good for another.
    bound : str
        Secret of the browser: the form cookie, or the session's token.
    """
    return hmac.new(_KEY, f"{form}\0{bound}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def fits(form: str, bound: str, given: str) -> bool:
    """Whether a token was made for this form and this browser."""
    return bool(bound) and hmac.compare_digest(token(form, bound).encode(), given.encode("utf-8", "surrogatepass"))


def sealed(text: str) -> str:
    """Seal a text that a browser keeps for us, so that nobody but us can have written it."""
    return f"{text}.{token('seal', text)}"


def opened(given: str) -> str | None:
    """Give a sealed text back; None where the seal is broken."""
    text, _dot, seal = given.rpartition(".")
    return text if text and fits("seal", text, seal) else None
