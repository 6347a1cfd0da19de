"""The help of the command line: one plain page per command, in the reader's language.

Verbs are described by their docstrings, options by their ``help``; the same description
makes ``docs/commands.md``, so the page cannot lag behind.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import typer
from typer.core import TyperArgument
from typer.core import TyperCommand
from typer.core import TyperGroup

from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "script/gis"


@dataclass(frozen=True, slots=True)
class Entry:
    """One argument or option as it is described."""

    names: str
    text: str
    is_argument: bool


@dataclass(frozen=True, slots=True)
class Verb:
    """One command as it is described."""

    path: str
    text: str
    entries: tuple[Entry, ...]

    @property
    def usage(self) -> str:
        """How the command is written."""
        options = any(not entry.is_argument for entry in self.entries)
        words = [self.path, *(entry.names for entry in self.entries if entry.is_argument)]
        return " ".join([*words, *([_("[选项]")] if options else [])])


class Page(TyperCommand):
    """A verb whose help is our page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  Typer's own types are private
        """Write the page of this verb."""
        formatter.write(_page(describe(self, ctx.command_path)))


class Index(TyperGroup):
    """A group of verbs whose help is our list."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  Typer's own types are private
        """Write the list of the verbs in this group."""
        verbs = [(name, _summary(command)) for name, command in self.commands.items() if not command.hidden]
        lines = [
            _("用法:{path} 命令 [选项]").format(path=ctx.command_path),
            *(["", translated(self.help)] if self.help else []),
            "",
            _("命令:"),
            *_table(verbs),
            "",
            _("每个命令加 --help 可看自己的用法。"),
            "",
        ]
        formatter.write("\n".join(lines))


def furnish(app: typer.Typer) -> None:
    """Give every verb below ``app`` our help."""
    app.info.cls = Index
    for command in app.registered_commands:
        command.cls = Page
        command.help = command.help or source(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.cls = Index
            furnish(group.typer_instance)


def verbs(app: typer.Typer) -> Iterator[Verb]:
    """Describe every verb below ``app``, in the order of the help."""
    yield from _verbs(typer.main.get_command(app), PROGRAM)


def describe(command: Any, path: str) -> Verb:  # noqa: ANN401  Typer's own types are private
    """Describe one verb in the language in force."""
    entries = []
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name == "help":
            continue
        argument = isinstance(parameter, TyperArgument)
        entries.append(Entry(_names(parameter, argument=argument), _explained(parameter), argument))
    return Verb(path, translated(command.help or ""), tuple(entries))


def source(callback: Any) -> str:  # noqa: ANN401  any function
    """Give the Chinese text of a docstring: what stands before the first NumPy section."""
    text = inspect.getdoc(callback) or ""
    kept: list[str] = []
    for line in text.splitlines():
        if set(line) == {"-"} and kept:
            kept.pop()
            break
        kept.append(line.strip())
    paragraphs = [part.replace("\n", "") for part in "\n".join(kept).strip().split("\n\n")]
    return "\n\n".join(part.replace("。.", "。") for part in paragraphs)


def translated(text: str) -> str:
    """Translate a help text paragraph by paragraph."""
    return "\n\n".join(_(part) for part in text.strip().split("\n\n"))


def _verbs(command: Any, path: str) -> Iterator[Verb]:  # noqa: ANN401  Typer's own types are private
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            if not child.hidden:
                yield from _verbs(child, f"{path} {name}")
    else:
        yield describe(command, path)


def _summary(command: Any) -> str:  # noqa: ANN401  Typer's own types are private
    return translated(command.help or "").split("\n")[0]


def _names(parameter: Any, *, argument: bool) -> str:  # noqa: ANN401  Typer's own types are private
    choices = parameter.type_descriptor.choices
    if argument:
        name = parameter.metavar or ("|".join(map(str, choices)) if choices else parameter.name.upper())
        name = f"{name}…" if parameter.nargs == -1 else name
        return name if parameter.required else f"[{name}]"
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    value = parameter.metavar or ("|".join(map(str, choices)) if choices else _value(parameter))
    return f"{names} {value}"


def _value(parameter: Any) -> str:  # noqa: ANN401  Typer's own types are private
    kind = parameter.bare_type().lower()
    for part, word in {"int": "N", "float": "X", "path": "FILE"}.items():
        if part in kind:
            return word
    return "TEXT"


def _explained(parameter: Any) -> str:  # noqa: ANN401  Typer's own types are private
    text = _(getattr(parameter, "help", None) or "")
    default = parameter.default
    shown = default is not None and default is not False and not callable(default) and default not in ([], ())
    if shown and not getattr(parameter, "is_flag", False):
        text += _("[默认 {value}]").format(value=getattr(default, "value", default))
    if parameter.required and not isinstance(parameter, TyperArgument):
        text += _("[必填]")
    return text


def _page(verb: Verb) -> str:
    lines = [_("用法:{path}").format(path=verb.usage), "", verb.text, ""]
    for title, chosen in ((_("参数:"), True), (_("选项:"), False)):
        entries = [(entry.names, entry.text) for entry in verb.entries if entry.is_argument is chosen]
        if entries:
            lines += [title, *_table(entries), ""]
    return "\n".join(lines)


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = min(28, max((len(name) for name, _text in rows), default=0)) + 2
    lines = []
    for name, text in rows:
        body = text.replace("\n\n", " ")
        if len(name) + 2 > width:
            lines += [f"  {name}", f"  {'':{width}}{body}"]
        else:
            lines.append(f"  {name:{width}}{body}")
    return lines
