"""Wrong use of the command line, and wrong settings, said in the reader's words.

Typer and pydantic say what they found in English; here it becomes one of our mistakes.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

from pydantic import ValidationError
from typer import BadParameter
from typer.core import TyperArgument

from gis.errors import BadInput
from gis.errors import DiskFull
from gis.errors import GridAtlasError
from gis.errors import RightMissing
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typer.exceptions import TyperException


class WrongUse(BadInput):
    """A verb, an option or a value that the command line does not know."""

    template = "命令用法有误:{detail}。"
    cure = "运行 {command} --help 查看用法。"


class WrongSetting(BadInput):
    """An environment variable holds a value that cannot be used."""

    template = "设置 {name} 有误:{detail}。"
    cure = "请更正这个环境变量后重试;各项设置见 docs/settings.md。"


class Unexpected(GridAtlasError):
    """Something happened that the house has no sentence for: a bug of ours."""

    template = "程序出了没有预料到的错误({kind}:{detail})。"
    cure = "请设 GRIDATLAS_DEBUG=1 再运行一次,把全部输出交给管理员。"


def explain_rest(error: Exception) -> GridAtlasError:
    """Turn what nobody foresaw into a sentence; the disk and the rights have sentences already."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(detail=error.filename or error.strerror)
    if isinstance(error, PermissionError):
        return RightMissing(
            detail=_("不能读写 {path}").format(path=error.filename or "-"),
            remedy=_("请检查这个文件的权限,或换一个用户运行。"),
        )
    return Unexpected(kind=type(error).__name__, detail=(str(error).strip().splitlines() or ["-"])[0][:300])


def explain_usage(error: TyperException) -> WrongUse:
    """Turn what Typer raises for wrong use into our own mistake."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "script/gis"
    return WrongUse(detail=_usage_detail(error), command=command)


def explain_settings(error: ValidationError, prefixes: Mapping[str, str]) -> GridAtlasError:
    """Turn a settings class's complaint into our own mistake.

    Parameters
    ----------
    error : ValidationError
        What pydantic raised; ``error.title`` is the name of the class.
    prefixes : mapping of str to str
        Prefix of the environment variables by name of the settings class.
    """
    first = error.errors()[0]
    name = prefixes.get(error.title, "") + "_".join(str(part) for part in first["loc"]).upper()
    return WrongSetting(name=name, detail=value_detail(cast("dict[str, Any]", first)))


def value_detail(found: Mapping[str, Any]) -> str:
    """Say in a few words what pydantic found wrong with one value."""
    value, limits = found.get("input"), found.get("ctx", {})
    kind = str(found.get("type", ""))
    words = {
        "int_parsing": _("“{value}”不是整数"),
        "int_from_float": _("“{value}”不是整数"),
        "float_parsing": _("“{value}”不是数字"),
        "bool_parsing": _("“{value}”不是 true 或 false"),
        "greater_than": _("“{value}”应大于 {gt}"),
        "greater_than_equal": _("“{value}”应不小于 {ge}"),
        "less_than": _("“{value}”应小于 {lt}"),
        "less_than_equal": _("“{value}”应不大于 {le}"),
        "enum": _("“{value}”不在可选的值里({expected})"),
        "literal_error": _("“{value}”不在可选的值里({expected})"),
        "date_from_datetime_parsing": _("“{value}”不是日期,应写成 2026-11-23"),
        "datetime_from_date_parsing": _("“{value}”不是时间,应写成 2026-11-23T09:41"),
    }
    text = words.get(kind, _("“{value}”不能用"))
    return text.format_map({"value": value, "expected": "", **limits}).replace("'", "").replace(" or ", _("、"))


def _usage_detail(error: TyperException) -> str:
    name = type(error).__name__
    message = error.message
    option = getattr(error, "option_name", "")
    if name == "NoSuchOption":
        detail = _("没有选项 {option}").format(option=option)
    elif name == "BadOptionUsage":
        takes = "requires" in message
        detail = (_("选项 {option} 后面要有值") if takes else _("选项 {option} 不带值")).format(option=option)
    elif name == "MissingParameter":
        detail = _missing(error)
    elif isinstance(error, BadParameter):
        detail = _bad_value(error)
    elif message.startswith("No such command"):
        detail = _("没有命令 {name}").format(name=message.split("'")[1])
    elif message.startswith("Got unexpected extra argument"):
        detail = _("多出了参数 {names}").format(names=message.partition("(s) (")[2].rstrip(")"))
    elif message.startswith("Missing command"):
        detail = _("缺少命令")
    else:
        detail = message.rstrip(".")
    return detail + _hint(error)


def _hint(error: TyperException) -> str:
    """Say what may have been meant, where Typer found something alike."""
    alike = list(getattr(error, "possibilities", None) or [])
    if not alike and "Did you mean" in error.message:
        alike = [part for part in error.message.partition("Did you mean")[2].split("'") if part.isidentifier()]
    return _("(是否指 {names})").format(names=joined(alike)) if alike else ""


def _shown(parameter: Any) -> str:  # noqa: ANN401  Typer's parameters have no public type
    return str(
        parameter.metavar or parameter.name.upper() if isinstance(parameter, TyperArgument) else parameter.opts[0]
    )


def _missing(error: TyperException) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return _("缺少参数")
    text = _("缺少参数 {name}") if isinstance(parameter, TyperArgument) else _("缺少选项 {name}")
    choices = parameter.type_descriptor.choices
    detail = text.format(name=_shown(parameter))
    if choices:
        detail += _("(可选:{values})").format(values=joined(choices))
    return detail


def _bad_value(error: BadParameter) -> str:
    parameter = getattr(error, "param", None)
    shown = _shown(parameter) if parameter is not None else ""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        detail = value_detail(cast("dict[str, Any]", cause.errors()[0]))
    elif "does not exist" in error.message:
        detail = _("文件或文件夹不存在")
    elif "is a directory" in error.message:
        detail = _("这是文件夹,应为文件")
    elif "is a file" in error.message:
        detail = _("这是文件,应为文件夹")
    elif "not readable" in error.message or "not writable" in error.message:
        detail = _("没有读写权限")
    else:
        detail = error.message.rstrip("。.")
    return f"{shown} {detail}".strip()
