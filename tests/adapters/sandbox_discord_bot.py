"""A real discord.py client, unmodified, pointed at the stand-in: what the stand-in's tests drive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import discord
import pytest
import pytest_asyncio
from discord import app_commands
from discord.ext import commands
from yarl import URL

from sandbox.discord import DiscordStandIn
from tests.openapi import all_faults, document_missing

Interaction = discord.Interaction[commands.AutoShardedBot]
Act = Callable[[Interaction], Awaitable[Any]]


class Puppet(commands.AutoShardedBot):
    """Does in each command what the test handed in as `act`; keeps the errors and the messages that it saw."""

    def __init__(self, **options: Any) -> None:
        intents = options.pop("intents", discord.Intents(guilds=True, guild_messages=True, dm_messages=True))
        super().__init__(
            command_prefix=commands.when_mentioned, intents=intents, guild_ready_timeout=0.01, help_command=None,
            allowed_mentions=discord.AllowedMentions.none(), **options,
        )  # fmt: skip
        self.act: Act = _nothing
        self.on_press: Act = _nothing
        self.on_submit: Act = _nothing
        self.errors: list[BaseException] = []
        self.results: list[Any] = []
        self.heard: list[discord.Message] = []
        self.events: list[str] = []
        self.happened = asyncio.Event()

    async def setup_hook(self) -> None:
        add_commands(self)
        await self.tree.sync()

    async def run_act(self, act: Act, interaction: Interaction) -> None:
        try:
            self.results.append(await act(interaction))
        except Exception as exc:  # noqa: BLE001 - the test looks at it
            self.errors.append(exc)
        self.happened.set()

    async def on_interaction(self, interaction: Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await self.run_act(self.on_press, interaction)
        if interaction.type is discord.InteractionType.modal_submit:
            await self.run_act(self.on_submit, interaction)

    async def on_message(self, message: discord.Message, /) -> None:
        self.heard.append(message)
        self.happened.set()

    async def on_resumed(self) -> None:
        self.events.append("resumed")
        self.happened.set()

    async def on_shard_resumed(self, _: int) -> None:
        self.events.append("resumed")
        self.happened.set()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.events.append(f"removed {guild.name}")
        self.happened.set()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.events.append(f"joined {guild.name}")
        self.happened.set()

    async def until(self, look: Callable[[], Any], seconds: float = 60) -> Any:
        async with asyncio.timeout(seconds):
            while not (found := look()):
                self.happened.clear()
                await self.happened.wait()
        return found

    async def error(self) -> Any:
        """The next failure of an act."""
        return await self.until(lambda: self.errors and self.errors.pop(0))

    async def result(self) -> Any:
        return await self.until(lambda: self.results and (self.results.pop(0),))


async def _nothing(_: Interaction) -> None:
    return None


def add_commands(bot: Puppet) -> None:
    """`/do` with an option of each kind, `/admin`, `/nsfw`, `/everywhere`, and two menus; all run `bot.act`."""

    @bot.tree.command(name="do", description="Does what the test says")
    @app_commands.describe(prompt="Words", image="A picture")
    async def do(
        interaction: Interaction,
        prompt: app_commands.Range[str, 1, 1000] | None = None,
        image: discord.Attachment | None = None,
        seed: app_commands.Range[int, 0, 100] | None = None,
        member: discord.Member | None = None,
        role: discord.Role | None = None,
        place: discord.TextChannel | None = None,
        private: bool = False,
        model: str | None = None,
    ) -> None:
        interaction.extras.update(interaction.namespace.__dict__)
        await bot.run_act(bot.act, interaction)

    @do.autocomplete("model")
    async def models(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}-{n}", value=str(n)) for n in range(25)]

    @bot.tree.command(name="admin", description="For admins")
    @app_commands.default_permissions(manage_guild=True)
    async def admin(interaction: Interaction) -> None:
        await bot.run_act(bot.act, interaction)

    @bot.tree.command(name="adults", description="In age-restricted channels", nsfw=True)
    async def adults(interaction: Interaction) -> None:
        await bot.run_act(bot.act, interaction)

    @bot.tree.command(name="everywhere", description="For user installs too")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def everywhere(interaction: Interaction) -> None:
        await bot.run_act(bot.act, interaction)

    limits = app_commands.Group(name="limits", description="Limits")

    @limits.command(name="set", description="Set one")
    async def set_limit(interaction: Interaction, amount: int) -> None:
        interaction.extras["amount"] = amount
        await bot.run_act(bot.act, interaction)

    bot.tree.add_command(limits)

    @bot.tree.context_menu(name="Animate")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def animate(interaction: Interaction, message: discord.Message) -> None:
        interaction.extras["target"] = message
        await bot.run_act(bot.act, interaction)

    @bot.tree.context_menu(name="Who")
    async def who(interaction: Interaction, member: discord.Member) -> None:
        interaction.extras["target"] = member
        await bot.run_act(bot.act, interaction)


@contextlib.asynccontextmanager
async def running(standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch, **options: Any) -> AsyncIterator[Puppet]:
    """A puppet that is logged in and ready."""
    point_at(standin, monkeypatch)
    bot = Puppet(**options)
    task = asyncio.create_task(bot.start(standin.token))
    try:
        ready = asyncio.create_task(_ready(bot))
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            await task
        await ready
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


async def _ready(bot: Puppet) -> None:
    while not hasattr(bot, "_ready") or bot._ready is discord.utils.MISSING:
        await asyncio.sleep(0)
    await bot.wait_until_ready()


def point_at(standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", standin.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", URL(standin.gateway_url))


@pytest_asyncio.fixture(name="standin")
async def standin_fixture() -> AsyncIterator[DiscordStandIn]:
    """A stand-in whose whole traffic is held against Discord's document at the end, where that is at hand."""
    async with DiscordStandIn() as standin:
        yield standin
        if document_missing() is None and (faults := all_faults(standin.record)):
            pytest.fail("\n".join(faults))


@pytest_asyncio.fixture(name="bot")
async def bot_fixture(standin: DiscordStandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Puppet]:
    async with running(standin, monkeypatch) as bot:
        yield bot
