"""The bot's connection to Discord: what it asks for, which cogs it has, and what happens when one of them fails."""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import pkgutil
from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.chat.client_base import ClientBase
from bot.chat.floods import Floods
from bot.chat.gateway_events import guard_events
from bot.chat.inputs.file_types import with_file_types
from bot.chat.inputs.options import WordingTranslator
from bot.chat.persistent import Handler, Persistent, PersistentComponents, is_use
from bot.chat.replies.edit_routes import UNSENT_OR_CLOSED
from bot.chat.replies.error_messages import sentence_for
from bot.chat.replies.interactions import note_refused, tell
from bot.chat.replies.presses import give_back
from bot.errors import CommandOutdated, TooQuick
from bot.settings import Settings

log = logging.getLogger(__name__)


def set_address(settings: Settings) -> None:
    """Have discord.py talk to the settings' address. It keeps it in a class, so this holds for the process."""
    Route.BASE = settings.discord_api_base_url


def rest_client(settings: Settings, *, http_trace: Any = None) -> discord.Client:
    """A client for a worker: `login` it and edit messages; it never connects to the gateway. `close` it in the end."""
    set_address(settings)
    # Intents are for the gateway; without this one discord.py warns of trouble that only a connected client has.
    intents = discord.Intents(guilds=True)
    return discord.Client(
        intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=None, http_trace=http_trace
    )


class Tree(app_commands.CommandTree["VideoBot"]):
    """The commands. What they raise goes to the client, as does what components raise."""

    async def interaction_check(self, interaction: discord.Interaction[VideoBot], /) -> bool:
        """Whether it is answered at all: a flood of one member's is not. Raises `AppCommandError` for a forged one."""
        try:
            let_in = self.client.floods.lets_in(interaction)
        except TooQuick as exc:
            await self.client.report_error(interaction, exc)
            return False
        if let_in and interaction.type is discord.InteractionType.autocomplete:
            self._check_typed(interaction)
        return let_in

    def _check_typed(self, interaction: discord.Interaction[Any]) -> None:
        """Raises `AppCommandError` where something is typed that offers no choices: discord.py logs that as a failure
        of ours, with a traceback, and leaves it without an answer."""
        data: Any = interaction.data
        command, options = self._get_app_command_options(data)
        offering = {parameter.display_name for parameter in command.parameters if parameter.autocomplete}
        typed = [option for option in options if option.get("focused")]
        if not typed or not all(one["name"] in offering and isinstance(one.get("value"), str) for one in typed):
            raise app_commands.CommandSignatureMismatch(command)

    async def _call(self, interaction: discord.Interaction[VideoBot]) -> None:
        """As discord.py has it, which leaves alone what it can't read: only a forged client sends that."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            log.info("a command can't be read: %s", type(exc).__name__)
            await self.client.report_error(interaction, CommandOutdated())

    async def on_error(
        self, interaction: discord.Interaction[VideoBot], error: app_commands.AppCommandError, /
    ) -> None:
        await self.client.report_error(interaction, error)


class VideoBot(ClientBase):
    """Clapper in Discord. `attach` its services and its announcer before `start`.

    Every module of the package that `cogs` names is loaded as a cog; none of them is imported by anything else.
    `unreadable` is told the name of each event that can't be read. `http_trace` is aiohttp's, for the requests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        cogs: str = "cogs",
        unreadable: Callable[[str], None] = lambda _: None,
        http_trace: Any = None,
    ) -> None:
        set_address(settings)
        self.settings = settings
        self._wanted = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        self._wanted.message_content = settings.message_content_intent == "on"
        self._cogs_package = cogs
        self.floods = Floods()
        self._components = PersistentComponents(self.report_error)
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=self._wanted,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            http_trace=http_trace,
            **_shards(settings),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        )
        self.events = guard_events(self, unreadable)

    def persist(self, component: Persistent, handler: Handler) -> None:
        """Have `handler` called for every press, choice or form of that kind, in messages of earlier runs, too."""
        self._components.add(component, handler)

    async def setup_hook(self) -> None:
        """Logged in, not connected yet: settle the intents, load the cogs, sync the commands if they changed."""
        if self.settings.message_content_intent == "auto":
            flags = self.application_flags
            self._wanted.message_content = flags.gateway_message_content or flags.gateway_message_content_limited
        await self.tree.set_translator(WordingTranslator())
        await self.load_cogs()
        await self._settle_gateway()
        await self.sync_commands()

    async def load_cogs(self) -> None:
        """Load every module of the package of cogs."""
        for module in pkgutil.iter_modules(importlib.import_module(self._cogs_package).__path__):
            await self.load_extension(f"{self._cogs_package}.{module.name}")

    async def _settle_gateway(self) -> None:
        """The set address, or else the one that Discord names; as many shards as it advises, or else as are set.

        Left alone, discord.py takes both from Discord where no number is set, and neither where one is (shard.py:497).
        """
        advised, named, _ = await self.http.get_bot_gateway()
        self.shard_count = self.shard_count or advised
        address = type(DiscordWebSocket.DEFAULT_GATEWAY)
        DiscordWebSocket.DEFAULT_GATEWAY = address(self.settings.discord_gateway_url or named)

    async def sync_commands(self, *, force: bool = False) -> bool:
        """Send the commands to Discord if they are not what was sent last; says whether they were sent.

        New names are limited to 200 a day, and sending drops nothing but costs every start a slow request. The tree's
        own `sync` would have every text translated a second time.
        """
        translator = self.tree.translator
        untyped = [
            await command.get_translated_payload(self.tree, translator) if translator else command.to_dict(self.tree)
            for command in self.tree.get_commands()
        ]
        payload = [with_file_types(command) for command in untyped]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        sent = self.services.synced_commands
        application = self.application_id or 0
        if not force and await sent.are(application, digest):
            return False
        taken = await self.http.bulk_upsert_global_commands(application, payload)
        slash = discord.AppCommandType.chat_input.value
        ids = {command["name"]: int(command["id"]) for command in taken if command.get("type", slash) == slash}
        await sent.note(application, digest, ids)
        log.info("%d commands were sent to Discord", len(payload))
        return True

    async def on_interaction(self, interaction: discord.Interaction[VideoBot]) -> None:
        """Have a button, a select or a form answered. Commands are answered by the tree."""
        if is_use(interaction) and await self.tree.interaction_check(interaction):
            await self._components.answer(interaction)

    async def on_message(self, message: discord.Message, /) -> None:
        """Does nothing: prefix commands are not used, and the cog for written commands listens by itself."""

    async def report_error(self, interaction: discord.Interaction[Any], error: Exception) -> None:
        """Tell the member privately what a command or a component raised; while they type, there is nothing to choose.
        Raises nothing where Discord fails."""
        note_refused(interaction, error)
        await give_back(interaction)
        sentence = sentence_for(error, interaction.locale.value, f"interaction {interaction.id}")
        if sentence is None:
            return
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await interaction.response.autocomplete([])
            else:
                await tell(interaction, sentence)
        except UNSENT_OR_CLOSED as exc:
            log.warning("interaction %s could not be answered: %s", interaction.id, exc)


def _shards(settings: Settings) -> dict[str, Any]:
    """The settings of shards that are set, as discord.py names them; what is not set is asked of Discord."""
    chosen: dict[str, Any] = {"shard_count": settings.shard_count}
    return chosen | ({"shard_ids": list(settings.shard_ids)} if settings.shard_ids else {})
