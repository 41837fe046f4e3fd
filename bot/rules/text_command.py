"""Commands that are written as ordinary messages: `/animate make it snow`, `animate: make it snow seed:7`.

Read leniently, since nobody sees a form while writing one: any case, with or without a colon, options where they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

from bot.rules.catalog import Operation
from bot.rules.requests import Inputs, Orientation, Resolution

_NAMES = "|".join(Operation)
_COMMAND = re.compile(
    rf"\s*(?:</(?P<chip>{_NAMES}):\d+>|(?P<sign>[/!]?)(?P<name>{_NAMES})(?![\w-]))[:,]?\s*", re.IGNORECASE | re.ASCII
)
_OPTION = re.compile(
    r"(?:^|(?<=\s))(?:model:(?P<model>[\w.-]+)|seed:(?P<seed>-?\d{1,20})|resolution:(?P<resolution>720p|480p)|"
    r"orientation:(?P<orientation>landscape|portrait)|enhance:(?P<enhance>true|false)|"
    r"private:(?P<private>true|false))(?!\S)",
    re.IGNORECASE | re.ASCII,
)
_FORM = re.compile(r"(?:^|(?<=\s))(?:(?:image|video|reference|garment):\S*|prompt:)\s*", re.IGNORECASE | re.ASCII)
"""What is left of a form whose text was pasted: files can't be, and the prompt is what remains anyway."""

_LINK = re.compile(r"https?://\S+", re.IGNORECASE | re.ASCII)

EditRoute = Literal["slash", "any"]


@dataclass(frozen=True, slots=True)
class TextCommand:
    """What was asked for in words; `inputs.prompt` may still be too long or empty, as in a slash command.

    `private`: it was asked for in private, which no answer to a message can be.
    """

    operation: Operation
    inputs: Inputs
    model: str | None = None
    private: bool = False


def read(text: str, *, way: EditRoute = "any") -> TextCommand | None:
    """The command that `text` begins with, or None. `slash`: only one that is written like a slash command."""
    found = _COMMAND.match(text.lstrip())
    if found is None or (way == "slash" and found["chip"] is None and found["sign"] != "/"):
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
            enhance_prompt={"true": True, "false": False}.get(options.get("enhance", "")),
        ),
        model=options.get("model"),
        private=options.get("private") == "true",
    )


def link_host(text: str | None) -> str | None:
    """The host of the first web address in `text`: somebody gave a link where a file is needed."""
    found = _LINK.search(text or "")
    if found is None:
        return None
    try:
        return urlsplit(found[0]).hostname or ""
    except ValueError:
        return ""
