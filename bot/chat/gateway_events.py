"""Reads each of Discord's events on its own, so that one that can't be read is left out and everything else goes on.

Discord leaves out fields that it documents (a stage channel's `bitrate`, for one), and discord.py 2.7.1 lets what goes
wrong while it reads an event end the connection of all shards, and with it the process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import discord

log = logging.getLogger(__name__)

Read = Callable[[Any], None]

_LEFT_OUT = {
    "READY": ("guilds",),
    "GUILD_CREATE": (
        "channels", "threads", "stage_instances", "voice_states", "presences", "emojis", "stickers",
        "guild_scheduled_events", "soundboard_sounds",
    ),
}  # fmt: skip
"""Without these lists the event is read once more: a server or a session that is known in part serves its members."""

_PARTS = {"channels": "CHANNEL_CREATE", "threads": "THREAD_CREATE"}
"""Of a server known in part, each of these is then read as the event that would tell of it alone."""


def guard_events(client: discord.Client, unreadable: Callable[[str], None]) -> list[str]:
    """Have the events that discord.py can't read left out: one line in the log, and `unreadable` with its name. Gives
    the names of all that it reads.

    All shards of a client read their events by the same table of functions, one for each kind of event.
    """
    readers: dict[str, Read] = client._connection.parsers  # noqa: SLF001  # nothing public lies between socket and cache
    for event, read in list(readers.items()):
        readers[event] = _Guarded(event, read, readers, unreadable)
    return list(readers)


class _Guarded:
    """Reads one kind of event."""

    def __init__(self, event: str, read: Read, readers: Mapping[str, Read], unreadable: Callable[[str], None]) -> None:
        self._event = event
        self._read = read
        self._readers = readers
        self._unreadable = unreadable

    def __call__(self, data: Any) -> None:
        if not self._is_read(data) and self._event in _LEFT_OUT and isinstance(data, Mapping):
            self._in_parts(data)

    def _is_read(self, data: Any) -> bool:
        try:
            self._read(data)
        except Exception as exc:  # noqa: BLE001  # whatever an event may cause: there is nothing to be done about it
            log.warning("an event %s can't be read and is left out: %s: %s", self._event, type(exc).__name__, exc)
            self._unreadable(self._event)
            return False
        return True

    def _in_parts(self, data: Mapping[str, Any]) -> None:
        left_out = _LEFT_OUT[self._event]
        if not self._is_read({name: [] if name in left_out else value for name, value in data.items()}):
            return
        for name, event in _PARTS.items():
            for part in data.get(name) or [] if name in left_out else []:
                self._readers[event]({**part, "guild_id": data["id"]} if isinstance(part, Mapping) else part)
