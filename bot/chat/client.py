"""The bot's connection to Discord: what it asks for, which cogs it has, and what happens when one of them fails."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.chat.client_base import ClientBase
from bot.chat.inputs.picker import ChoiceMenu, Choose, DraftMenu, Pick
from bot.chat.persistent import JobButton, Press, Verb
from bot.chat.replies.edit_routes import UNSENT
from bot.chat.replies.error_messages import sentence_for
from bot.chat.replies.interactions import Interaction, tell
from bot.chat.translator import WordingTranslator
from bot.settings import Settings
from bot.wording import say

log = logging.getLogger(__name__)

COGS = (
    "cogs.generate",
    "cogs.motion",
    "cogs.reuse",
    "cogs.replies",
    "cogs.menus",
    "cogs.controls",
    "cogs.jobs",
    "cogs.forgetme",
    "cogs.help",
    "cogs.limits",
    "cogs.moderation",
    "cogs.settings",
    "cogs.stats",
    "cogs.usage",
    "cogs.welcome",
)


def point_at(settings: Settings) -> None:
    """Have discord.py talk to the settings' address. It keeps it in a class, so this holds for the process."""
    Route.BASE = settings.discord_api_base_url


def rest_client(settings: Settings) -> discord.Client:
    """A client for a worker: `login` it and edit messages; it never connects to the gateway. `close` it in the end."""
    point_at(settings)
    # Intents are for the gateway; without this one discord.py warns of trouble that only a connected client has.
    intents = discord.Intents(guilds=True)
    return discord.Client(intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=None)


def _shards(settings: Settings) -> dict[str, Any]:
    """Only what is set: Discord is asked for the rest."""
    chosen: dict[str, Any] = {"shard_count": settings.shard_count}
    return chosen | ({"shard_ids": list(settings.shard_ids)} if settings.shard_ids else {})


class Tree(app_commands.CommandTree["VideoBot"]):
    """The commands, and the one place where what they raise becomes a sentence."""

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        await self.client.report_error(interaction, error)


@dataclass(frozen=True, slots=True)
class Form:
    """A form that came back: its custom id as it was recognised, and what Discord sends of it."""

    match: re.Match[str]
    data: dict[str, Any]


TakeForm = Callable[[Interaction, Form], Awaitable[None]]


class VideoBot(ClientBase):
    """Clapper in Discord. `attach` the services before `start`.

    `cogs` are module names, each a feature; none of them is imported by anything else.
    """

    def __init__(self, settings: Settings, *, cogs: Sequence[str] = COGS) -> None:
        point_at(settings)
        self.settings = settings
        self._wanted = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        self._wanted.message_content = settings.message_content_intent == "on"
        self._cog_names = tuple(cogs)
        self._presses: dict[Verb, Press] = {}
        self._forms: dict[re.Pattern[str], TakeForm] = {}
        self._choose: Choose | None = None
        self._pick: Pick | None = None
        self._underway: set[int] = set()
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=self._wanted,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            **_shards(settings),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        )

    def on_choice(self, choose: Choose) -> None:
        """Have `choose` called for every choice in the question which picture is meant."""
        self._choose = choose

    def on_pick(self, pick: Pick) -> None:
        """Have `pick` called for every choice in the question that a command asks."""
        self._pick = pick

    def on_press(self, verb: Verb, press: Press) -> None:
        """Have `press` called for every press of that button, on messages of earlier runs, too."""
        self._presses[verb] = press

    def on_form(self, custom_id: re.Pattern[str], take: TakeForm) -> None:
        """Have `take` called for every form with such a custom id that comes back, of an earlier run, too."""
        self._forms[custom_id] = take

    async def setup_hook(self) -> None:
        """Logged in, not connected yet: settle the intents, load the cogs, sync the commands if they changed."""
        if self.settings.message_content_intent == "auto":
            flags = self.application_flags
            self._wanted.message_content = flags.gateway_message_content or flags.gateway_message_content_limited
        self.add_dynamic_items(JobButton, ChoiceMenu, DraftMenu)
        await self.tree.set_translator(WordingTranslator())
        for name in self._cog_names:
            await self.load_extension(name)
        await self._settle_gateway()
        await self.sync_commands()

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

        New names are limited to 200 a day, and sending drops nothing but costs every start a slow request.
        """
        translator = self.tree.translator
        payload = [
            await command.get_translated_payload(self.tree, translator) if translator else command.to_dict(self.tree)
            for command in self.tree.get_commands()
        ]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        sent = self.services.synced_commands
        if not force and await sent.are(self.application_id or 0, digest):
            return False
        await self.tree.sync()
        await sent.note(self.application_id or 0, digest)
        log.info("%d commands were sent to Discord", len(payload))
        return True

    async def press(self, interaction: discord.Interaction[Any], verb: Verb, job_id: str) -> None:
        """Let the cog of that button answer, and excuse what it raises."""
        press = self._presses.get(verb)
        try:
            if press is None:
                await tell(interaction, say("command_outdated", interaction.locale.value))
                return
            await press(interaction, job_id)
        except Exception as exc:  # noqa: BLE001  # discord.py would only log it and leave the member waiting
            await self.report_error(interaction, exc)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Let the cog of a form that comes back take it, and excuse what it raises; discord.py would have forgotten the
        form at a restart."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data: dict[str, Any] = dict(interaction.data or {})
        for custom_id, take in self._forms.items():
            if match := custom_id.fullmatch(str(data.get("custom_id"))):
                try:
                    await take(interaction, Form(match, data))
                except Exception as exc:  # noqa: BLE001  # as for presses
                    await self.report_error(interaction, exc)

    async def choose(self, interaction: discord.Interaction[Any], message_id: int, asker_id: int, at: int) -> None:
        """Let the cog answer that asked, and excuse what it raises."""
        if self._choose is not None:
            await self._once(interaction, message_id, self._choose(interaction, message_id, asker_id, at))

    async def pick(self, interaction: discord.Interaction[Any], asked: int, asker_id: int, draft: str) -> None:
        """Let the command go on that asked, and excuse what it raises."""
        if self._pick is not None:
            await self._once(interaction, asked, self._pick(interaction, asked, asker_id, draft))

    async def _once(self, interaction: Interaction, asked: int, act: Coroutine[Any, Any, None]) -> None:
        """`act`, unless the same question is being answered already: the second would spoil the first one's card."""
        if asked in self._underway:
            act.close()
            await interaction.response.defer()
            return
        self._underway.add(asked)
        try:
            await act
        except Exception as exc:  # noqa: BLE001  # as for presses
            await self.report_error(interaction, exc)
        finally:
            self._underway.discard(asked)

    async def on_message(self, message: discord.Message, /) -> None:
        """Nothing: the cog for text listens by itself, and the library's own prefix commands are not used."""

    async def report_error(self, interaction: Interaction, error: Exception) -> None:
        """Turn whatever a command or a button raised into one private sentence, as far as Discord lets us say it."""
        sentence = sentence_for(error, interaction.locale.value, f"interaction {interaction.id}")
        if sentence is None:
            return
        try:
            await tell(interaction, sentence)
        except UNSENT as exc:
            log.warning("interaction %s could not be answered: %s", interaction.id, exc)
