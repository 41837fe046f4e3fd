"""A prompt as the member saw it: custom emoji, mentions and links to channels, which Discord writes as ids.

`<:blobcat:123>` becomes `:blobcat:`, `<@123>` becomes `@Ada`, `<#123>` becomes `#general`, `</t2v:123>` becomes `/t2v`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MARKS = re.compile(
    r"<a?(?P<emoji>:\w{1,32}:)\d{1,20}>|<(?P<command>/[^:<>\n]{1,100}):\d{1,20}>"
    r"|<(?P<kind>@&|@!?|#)(?P<id>\d{1,20})>"
)
_SOMEBODY = {"@": "@someone", "@&": "@role", "#": "#channel"}
"""What is written where nobody says what the name is: better for a picture than a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionNames:
    """How the members, roles and channels are called that a prompt may mention, by their ids."""

    members: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)


def mentioned(text: str) -> frozenset[int]:
    """The ids of everything that is mentioned."""
    return frozenset(int(found["id"]) for found in _MARKS.finditer(text) if found["id"])


def without_emoji_ids(text: str) -> str:
    """The text with custom emoji and commands by name alone; mentions stay."""
    return _MARKS.sub(lambda found: found["emoji"] or found["command"] or found[0], text)


def as_seen(text: str, names: MentionNames) -> str:
    """The text with everything by name."""

    def named(found: re.Match[str]) -> str:
        if found["id"] is None:
            return found["emoji"] or found["command"] or found[0]
        kind = found["kind"].rstrip("!")
        known = {"@": names.members, "@&": names.roles, "#": names.channels}[kind].get(int(found["id"]))
        return _SOMEBODY[kind] if known is None else f"{kind[0]}{known.removeprefix('@')}"

    return _MARKS.sub(named, text)
