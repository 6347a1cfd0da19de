"""What an act asks of whoever does it: one description that pages and the command line draw.

The kinds describe their fields with :class:`Ask`; :func:`values` turns what came back (texts of
a form or of ``--data``) into values of their types, and says which ones are missing or no such
thing. Nothing here knows a kind or the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from datetime import datetime
from decimal import Decimal
from decimal import InvalidOperation
from typing import TYPE_CHECKING
from typing import Any
from zoneinfo import ZoneInfo

from gis.errors import BadInput
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

OFFICE = ZoneInfo("Asia/Shanghai")
"""Zone of the office: times written without a zone are its."""
YES = frozenset({"true", "1", "yes", "y", "on", "是", "有"})
NO = frozenset({"false", "0", "no", "n", "off", "否", "无", ""})
YEARS = range(1900, 2200)
"""Years a day may lie in: another one is a slip of the pen."""
LONGEST = 2000
"""Most characters of a text (GB/T 31000 gives a description 2000, domain facts §1.7)."""


class FieldMissing(BadInput):
    """Something that has to be said was left out."""

    template = "还缺:{labels}。"
    cure = "请补上后重试;没有写入任何内容。"


class FieldUnfit(BadInput):
    """A value is not what the field takes."""

    template = "“{label}”不能是“{value}”。"
    cure = "{hint}"


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing an act asks.

    Attributes
    ----------
    name : str
        Key in the event's ``data``.
    type : str
        ``text`` (a line), ``long`` (a paragraph), ``integer``, ``number`` (not negative both),
        ``date``, ``moment`` (date and time), ``choice``, ``choices`` (several), ``flag``, ``list``
        (several short texts).
    label : str
        In the language in force.
    required : bool
        Whether the act is refused without it, where it is asked at all.
    choices : tuple of (str, str)
        Value and label.
    hint : str
        Where a number comes from, or what is meant; may be empty.
    most : int
        Most characters of a text, or largest number; 0 for the usual.
    when : tuple of (str, tuple of str), optional
        Another field and its values for which this one is asked; always without.
    """

    name: str
    type: str
    label: str
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    most: int = 0
    when: tuple[str, tuple[str, ...]] | None = None


def values(asks: Iterable[Ask], data: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was answered, each in its type; keys nobody asked for stay as they are.

    Parameters
    ----------
    asks : iterable of Ask
        What the act asks.
    data : mapping
        Answers: texts of a form, or JSON values. Empty texts are no answer.

    Returns
    -------
    dict
        ``date``, ``datetime`` (with a zone), ``int``, ``Decimal``, ``bool``, ``str``, ``list[str]``.

    Raises
    ------
    FieldMissing
        Names all that are missing.
    FieldUnfit
        The first value that is not what its field takes.
    """
    asks = tuple(asks)
    found = {key: value for key, value in data.items() if value is not None and value not in ("", [])}
    missing = [ask.label for ask in asks if ask.required and ask.name not in found and _asked(ask, asks, found)]
    if missing:
        raise FieldMissing(labels=joined(missing))
    for ask in asks:
        if ask.name in found:
            found[ask.name] = _value(ask, found[ask.name])
    return found


def plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as JSON keeps them: days and moments in ISO form, amounts as texts."""
    return {
        key: value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
        for key, value in found.items()
    }


def _asked(ask: Ask, asks: Iterable[Ask], found: Mapping[str, Any]) -> bool:
    """Whether a field is asked, given what the one it hangs on says: by its value, or by its label."""
    if ask.when is None:
        return True
    name, wanted = ask.when
    given = str(found.get(name, "")).strip()
    labels = {label for other in asks if other.name == name for value, label in other.choices if value in wanted}
    return given in wanted or given in labels


def _value(ask: Ask, given: Any) -> Any:  # noqa: ANN401
    try:
        value = READERS[ask.type](ask, given)
        if ask.most and (len(value) if isinstance(value, str) else value) > ask.most:
            raise ValueError  # noqa: TRY301
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        raise FieldUnfit(label=ask.label, value=_told(given), hint=_hint(ask)) from error
    return value


def _told(given: Any) -> str:  # noqa: ANN401
    """Give the beginning of what was written, as far as it can be shown."""
    return str(given)[:60].encode(errors="replace").decode().replace("\0", "?")


def _hint(ask: Ask) -> str:
    if ask.choices:
        return _("可选:{choices}。").format(choices=joined(f"{value}({label})" for value, label in ask.choices))
    if ask.most and ask.type in {"integer", "number"}:
        return _("请写 0 到 {most} 之间的数。").format(most=ask.most)
    return {
        "integer": _("请写不小于 0 的整数。"),
        "number": _("请写不小于 0 的数。"),
        "date": _("请写日期,如 2026-07-01。"),
        "moment": _("请写日期和时间,如 2026-07-01 09:30。"),
        "flag": _("请写 true 或 false。"),
    }.get(ask.type, _("请写不超过 {most} 个字的文字。").format(most=ask.most or LONGEST))


def _text(_ask: Ask, given: Any) -> str:  # noqa: ANN401
    text = " ".join(str(given).split()) if _ask.type == "text" else str(given).strip()
    text.encode()  # refuses halves of characters
    if not text or len(text) > LONGEST or "\0" in text:
        raise ValueError
    return text


def _integer(_ask: Ask, given: Any) -> int:  # noqa: ANN401
    number = int(str(given))
    if not 0 <= number < 2**31:
        raise ValueError
    return number


def _number(_ask: Ask, given: Any) -> Decimal:  # noqa: ANN401
    number = Decimal(str(given))
    if not 0 <= number < Decimal(10**12):  # also refuses NaN
        raise ValueError
    return number


def _date(_ask: Ask, given: Any) -> date:  # noqa: ANN401
    if isinstance(given, datetime):
        day = given.astimezone(OFFICE).date()
    else:
        day = given if isinstance(given, date) else date.fromisoformat(str(given).strip())
    if day.year not in YEARS:
        raise ValueError
    return day


def _moment(_ask: Ask, given: Any) -> datetime:  # noqa: ANN401
    moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).strip())
    if moment.year not in YEARS:
        raise ValueError
    return moment if moment.tzinfo else moment.replace(tzinfo=OFFICE)


def _choice(ask: Ask, given: Any) -> str:  # noqa: ANN401
    for value, label in ask.choices:
        if str(given).strip() in {value, label}:
            return value
    raise ValueError


def _list(_ask: Ask, given: Any) -> list[str]:  # noqa: ANN401
    parts = given if isinstance(given, list | tuple) else str(given).replace("、", ",").replace(",", ",").split(",")
    found = list(dict.fromkeys(" ".join(str(part).split()) for part in parts if str(part).strip()))
    if not found or sum(map(len, found)) > LONGEST or any("\0" in part for part in found):
        raise ValueError
    "".join(found).encode()
    return found


def _choices(ask: Ask, given: Any) -> list[str]:  # noqa: ANN401
    return list(dict.fromkeys(_choice(ask, part) for part in _list(ask, given)))


def _flag(_ask: Ask, given: Any) -> bool:  # noqa: ANN401
    word = str(given).strip().lower()
    if word not in YES | NO:
        raise ValueError
    return word in YES


READERS: dict[str, Callable[[Ask, Any], Any]] = {
    "text": _text, "long": _text, "integer": _integer, "number": _number, "date": _date, "moment": _moment,
    "choice": _choice, "choices": _choices, "list": _list, "flag": _flag,
}  # fmt: skip
