"""The stand-in without its HTTP routes: the shared state, the gateway and the interactions."""

from __future__ import annotations

from sandbox.discord.bus import Event
from sandbox.discord.clock import StandInClock
from sandbox.discord.gateway import GUILDS, Gateway
from sandbox.discord.interactions import Interactions
from sandbox.discord.objects import guild_json
from sandbox.discord.state import SharedState
from sandbox.discord.world import Channel, Guild

CONTENT_GRANTED = 1 << 18  # GATEWAY_MESSAGE_CONTENT; 1 << 19 is the same for small apps


class Core(SharedState):
    """What REST routes, the control surface and the members' clients work on."""

    def __init__(self, clock: StandInClock, token: str) -> None:
        super().__init__(clock, token)
        self.gateway = Gateway(self)
        self.interactions = Interactions(self, self.gateway)

    def tell_guild_changed(self, guild: Guild) -> None:
        """The bot hears what the server is like now, by GUILD_UPDATE."""
        self.gateway.dispatch("GUILD_UPDATE", guild_json(self.world, guild), guild.id, needs=GUILDS)

    def tell_thread_changed(self, thread: Channel) -> None:
        """The bot hears what the thread is like now, by THREAD_UPDATE; so do pages that look on."""
        self.gateway.channel_event("THREAD_UPDATE", thread.id)
        self.bus.tell(Event("world"))

    def open_again(self, channel: Channel) -> None:
        """As a new message in an archived thread does; an edit does not."""
        if channel.archived:
            channel.archived = False
            self.tell_thread_changed(channel)

    async def close(self) -> None:
        self.clock.close()
        await self.gateway.close()
        await self.cancel_tasks()
        self.files.close()
