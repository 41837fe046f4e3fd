"""Turns a line of text, such as `/t2v prompt:a cat`, into a call of the control surface.

`/name option:value option:value` is a slash command as Discord shows it; `reply:@cat.jpg /animate make it snow` a
message that replies to one with that file; `menu:Animate @cat.jpg prompt:snow` a menu on such a message, with its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
TEXT, FILE_UPLOAD = 10, 19
"""Components of a form."""
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}

Value = str | int | float | bool


class BadCommand(Exception):
    """The text is no command that can be sent; `str()` is a sentence."""


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A command with its options; `files` are those that are uploaded, by option."""

    name: str
    subcommand: str | None = None
    options: Mapping[str, Value] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    def payload(self, as_user: str, channel_id: str) -> dict[str, Any]:
        """The JSON of `POST /_sandbox/command`."""
        return {
            "as": as_user,
            "channel_id": channel_id,
            "name": self.name,
            "type": 1,
            "subcommand": self.subcommand,
            "options": dict(self.options),
        }


@dataclass(frozen=True, slots=True)
class ReplyCall:
    """A message `text` in reply to another that holds `file`."""

    file: Path
    text: str


@dataclass(frozen=True, slots=True)
class MenuCall:
    """Apps → `name` on a message that holds `file`; `fields` is what goes into the form, still as text."""

    name: str
    file: Path
    fields: str

    def fill(self, form: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, Path]]:
        """Values and files by custom id, for the fields that this form has. Raises `BadCommand`."""
        parts = [part.get("component") or part["components"][0] for part in form["components"] if part["type"] != TEXT]
        known = [
            {"name": part["custom_id"], "type": ATTACHMENT if part["type"] == FILE_UPLOAD else STRING} for part in parts
        ]
        return _values(self.fields, self.name, known)


Call = CommandCall | ReplyCall | MenuCall


def parse_line(text: str, commands: Iterable[Mapping[str, Any]]) -> Call:
    """The call that the line describes. Raises `BadCommand`."""
    words = text.strip()
    if words.startswith("reply:"):
        found = re.fullmatch(r"reply:\s*(@\S+)\s+(.+)", words, re.DOTALL)
        if found is None:
            raise BadCommand("A reply names the file that it answers: reply:@cat.jpg /animate make it snow")
        return ReplyCall(_file("reply", found[1]), found[2])
    if words.startswith("menu:"):
        found = re.fullmatch(r"menu:\s*(\w[\w ]*?)\s+(@\S+)(?:\s+(.*))?", words, re.DOTALL)
        if found is None:
            raise BadCommand("A menu names the file that it is used on: menu:Animate @cat.jpg prompt:snow")
        return MenuCall(found[1], _file("menu", found[2]), found[3] or "")
    return parse(words, commands)


def is_line(text: str) -> bool:
    """Whether the text begins like a command, a reply or a menu."""
    return text.lstrip().startswith(("/", "reply:", "menu:"))


def parse(text: str, commands: Iterable[Mapping[str, Any]]) -> CommandCall:
    """The call that `text` makes of the registered `commands`. Raises `BadCommand`.

    A value runs until the next option name that this command knows, so it needs no quotes; `option:@path` is a file.
    Words before the first option go to the first option that takes text.
    """
    words = text.strip()
    if not words.startswith("/") or len(words) < 2:
        raise BadCommand("A command begins with a slash, for example: /t2v prompt:a cat playing piano")
    leaves = {title: options for command in commands for title, options in _leaves(command)}
    titles = [title for title in leaves if re.match(re.escape(title) + r"(\s|$)", words[1:], re.IGNORECASE)]
    if not titles:
        raise BadCommand(f"There is no command /{words[1:].split()[0]}. There are: {_listed(leaves)}.")
    title = max(titles, key=len)
    name, _, subcommand = title.partition(" ")
    options, files = _values(words[1 + len(title) :].strip(), title, leaves[title])
    return CommandCall(name, subcommand or None, options, files)


def _listed(titles: Iterable[str]) -> str:
    return ", ".join(f"/{title}" for title in sorted(titles)) or "none yet"


def _leaves(command: Mapping[str, Any]) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """`(title, options)` of a slash command, or of each of its subcommands."""
    if command.get("type", 1) not in {1, SUBCOMMAND, GROUP}:
        return []
    options = command.get("options") or []
    nested = [option for option in options if option["type"] in {SUBCOMMAND, GROUP}]
    if not nested:
        return [(command["name"], options)]
    return [(f"{command['name']} {title}", found) for option in nested for title, found in _leaves(option)]


def _values(text: str, title: str, known: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Value], dict[str, Path]]:
    by_name = {option["name"]: option for option in known}
    options: dict[str, Value] = {}
    files: dict[str, Path] = {}
    for name, value in _pairs(text, title, by_name).items():
        if by_name[name]["type"] == ATTACHMENT:
            files[name] = _file(name, value)
        else:
            options[name] = _typed(by_name[name], value)
    return options, files


def _pairs(text: str, title: str, known: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    if not text:
        return {}
    if not known:
        raise BadCommand(f"/{title} takes no options.")
    stray = re.match(r"([\w-]+):", text)
    if stray and stray[1].lower() not in known:
        raise BadCommand(f"/{title} has no option {stray[1]}. It has: {', '.join(known)}.")
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    head, *rest = re.split(rf"(?:^|(?<=\s))({names}):", text, flags=re.IGNORECASE)
    pairs: dict[str, str] = {}
    if head.strip():
        first = next((name for name, option in known.items() if option["type"] != ATTACHMENT), None)
        if first is None:
            raise BadCommand(f"Say which option you mean. /{title} has: {', '.join(known)}.")
        pairs[first] = head.strip()
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        if name.lower() in pairs:
            raise BadCommand(f"{name.lower()} is given twice.")
        pairs[name.lower()] = value.strip()
    _look_for_strays(title, pairs, known)
    return pairs


def _look_for_strays(title: str, pairs: Mapping[str, str], known: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises `BadCommand` where a file, a number or a choice seems to be followed by an option with a misspelt name."""
    for name, value in pairs.items():
        stray = re.search(r"\s([\w-]+):", value)
        if stray and (known[name]["type"] != STRING or known[name].get("choices")):
            raise BadCommand(f"/{title} has no option {stray[1]}. It has: {', '.join(known)}.")


def _file(name: str, value: str) -> Path:
    path = Path(value.removeprefix("@")).expanduser()
    if not value.startswith("@"):
        raise BadCommand(f"{name} takes a file: {name}:@path")
    if not path.is_file():
        raise BadCommand(f"{name}: there is no file {path}")
    return path


def _typed(option: Mapping[str, Any], value: str) -> Value:
    """The value in its option's type; a choice may be given by its name or its value."""
    name, kind = option["name"], option["type"]
    for choice in option.get("choices") or []:
        if value.lower() in {str(choice["name"]).lower(), str(choice["value"]).lower()}:
            chosen: Value = choice["value"]
            return chosen
    if option.get("choices"):
        raise BadCommand(f"{name} is one of: {', '.join(str(choice['name']) for choice in option['choices'])}")
    try:
        match kind:
            case 4:
                return int(value)
            case 10:
                return float(value)
            case 5:
                return _TRUTHS[value.lower()]
            case _:
                return value
    except (ValueError, KeyError):
        wanted = {4: "a whole number", 10: "a number", 5: "true or false"}[kind]
        raise BadCommand(f"{name} takes {wanted}, not {value!r}") from None
