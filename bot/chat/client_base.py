"""What the rooms of `chat` and the cogs may ask of the client that an interaction or a message came through."""

from __future__ import annotations

from discord.ext import commands

from bot.chat.replies.announcer import DiscordAnnouncer
from bot.settings import Settings
from bot.work.services import Services


class ClientBase(commands.AutoShardedBot):
    """A client that has the settings, the services and the announcer. `bot.chat.client` makes Clapper of it."""

    settings: Settings
    cards_awaited = 0
    """How many first responses wait for their jobs' rows."""
    _services: Services | None = None
    _announcer: DiscordAnnouncer | None = None

    @property
    def services(self) -> Services:
        """What commands, components and forms may ask. Raises `RuntimeError` before `attach`."""
        if self._services is None:
            raise RuntimeError("the bot has no services yet: attach them before start")
        return self._services

    @property
    def announcer(self) -> DiscordAnnouncer:
        """What shows jobs in their replies. Raises `RuntimeError` before `attach`."""
        if self._announcer is None:
            raise RuntimeError("the bot has no announcer yet: attach one before start")
        return self._announcer

    @property
    def connected(self) -> bool:
        """Whether every shard has its connection to the gateway now. `is_ready` stays true once it was."""
        return self.is_ready() and not self.is_closed() and not any(shard.is_closed() for shard in self.shards.values())

    def attach(self, services: Services, announcer: DiscordAnnouncer) -> None:
        """Give the client what its commands ask, and what shows the jobs."""
        self._services = services
        self._announcer = announcer
