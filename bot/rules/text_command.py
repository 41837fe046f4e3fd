"""Commands that are written as ordinary messages: `/animate make it snow`, `animate: make it snow seed:7`.

Any case is read, with or without a colon, and options wherever they stand, since no form guides who writes a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from bot.rules.catalog import Operation
from bot.rules.requests import START_MAX_SECONDS, Inputs, Orientation, Resolution

_NAMES = "|".join(Operation)
_COMMAND = re.compile(
    rf"\s*(?:</(?P<chip>{_NAMES}):\d+>|(?P<sign>[/!]?)(?P<name>{_NAMES})(?![\w-]))[:,]?\s*", re.IGNORECASE | re.ASCII
)
_OPTION = re.compile(
    r"(?:^|(?<=\s))(?:model:(?:\"(?P<title>[^\"\n]{1,100})\"|(?P<model>[\w.-]+))|"
    r"seed:(?P<seed>-?\d{1,20})|resolution:(?P<resolution>720p|480p)|"
    r"orientation:(?P<orientation>landscape|portrait|square)|enhance:(?P<enhance>true|false)|"
    r"private:(?P<private>true|false)|start:(?P<start>\d{1,5}(?:\.\d{1,3})?))(?!\S)",
    re.IGNORECASE | re.ASCII,
)
_FORM = re.compile(r"(?:^|(?<=\s))(?:(?:image|video|reference|garment):\S*|prompt:)\s*", re.IGNORECASE | re.ASCII)
"""Options of a pasted slash command that mean nothing here: files can't be pasted, and what is left is the prompt."""

_LINK = re.compile(r"https?://\S+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class TextCommand:
    """What a message asks for. `inputs.prompt` may still be too long or empty, as in a slash command.

    `private`: the message asks for a private answer, which Discord does not allow as the answer to a message.
    """

    operation: Operation
    inputs: Inputs
    model: str | None = None
    private: bool = False


def read_text_command(text: str, *, with_slash: bool = False) -> TextCommand | None:
    """The command that `text` begins with, or None. `with_slash`: only one that is written like a slash command."""
    found = _COMMAND.match(text.lstrip())
    if found is None or (with_slash and found["chip"] is None and found["sign"] != "/"):
        return None
    options: dict[str, str] = {}

    def note(option: re.Match[str]) -> str:
        options.update({name: value.casefold() for name, value in option.groupdict().items() if value is not None})
        return ""

    words = _OPTION.sub(note, text.lstrip()[found.end() :])
    return TextCommand(
        operation=Operation((found["chip"] or found["name"]).casefold()),
        inputs=Inputs(
            prompt=_FORM.sub("", words).strip(),
            seed=int(options["seed"]) if "seed" in options else None,
            resolution=cast("Resolution | None", options.get("resolution")),
            orientation=cast("Orientation | None", options.get("orientation")),
            start_seconds=min(float(options["start"]), START_MAX_SECONDS) if "start" in options else None,
            enhance_prompt={"true": True, "false": False}.get(options.get("enhance", "")),
        ),
        model=options.get("title") or options.get("model"),
        private=options.get("private") == "true",
    )


def link_host(text: str | None) -> str | None:
    """The host of the first web address in `text` ("" where it has none), None without an address."""
    found = _LINK.search(text or "")
    if found is None:
        return None
    try:
        return urlsplit(found[0]).hostname or ""
    except ValueError:
        return ""
