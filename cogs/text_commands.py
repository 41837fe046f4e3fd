"""Commands that are written as messages: a reply `/animate …`, a mention `@Clapper animate …`, a direct message.

Each is answered as its slash command would be, by a reply to the message. Discord may send a message twice, after a
lost connection; it is answered once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import discord
from cachetools import LRUCache
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.picker import MESSAGE_PICKER, WORDS_BUTTON, message_question, words_button
from bot.chat.inputs.prompt_names import inputs_written
from bot.chat.inputs.sources import Found, media_of, newest, nothing_found, shown
from bot.chat.persistent import check_in_place, chosen_values
from bot.chat.replies.accepting import accept_in, precheck
from bot.chat.replies.interactions import Interaction, ask, keep_reply
from bot.chat.replies.text_messages import (
    answer_text,
    author_of,
    check_author,
    check_rights,
    locale_of,
    report_error_in_text,
    tell_text,
)
from bot.errors import FileForbidden, FormNeeded, NotYours, SourceGone, TextUnknown
from bot.rules.catalog import Kind, Model, Operation, Role
from bot.rules.jobs import Reply
from bot.rules.requests import Attachment, VideoRequest, compose, tidy_prompt
from bot.rules.text_command import TextCommand, link_host, read_text_command
from bot.wording import say

_WRITTEN = {discord.MessageType.default, discord.MessageType.reply}
_NEED_A_FORM = {Operation.FIRST_LAST_FRAME, Operation.MOTION}
_OF_NEWEST = {
    Operation.IMAGE_TO_VIDEO,
    Operation.IMAGE_EDIT,
    Operation.RESTYLE,
    Operation.EDIT,
    Operation.TRY_ON,
}
_REMEMBERED = 1000
"""Messages that are known to be under way; the job's row knows the rest."""


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What a message asks for. Where there are several `files`, its author is asked which one to use."""

    command: TextCommand
    model: Model
    among: tuple[Model, ...]
    files: tuple[Attachment, ...] = ()
    reference: Attachment | None = None
    source_id: int = 0
    """Whose files they are: a message's id."""

    def request(self, at: int = 0) -> VideoRequest:
        """The valid request with the file at that place; raises `Refused`."""
        given = {Role.REFERENCE: self.reference} if self.reference is not None else {}
        if self.files:
            given[Role.DATA] = self.files[at if at < len(self.files) else 0]
        return compose(self.model, self.command.inputs, given, among=self.among)


class TextCommands(commands.Cog):
    """Listens to messages, as far as the message content intent lets it."""

    def __init__(self, bot: VideoBot) -> None:
        self._bot = bot
        self._hosts = bot.settings.file_hosts
        self._seen: LRUCache[int, None] = LRUCache(_REMEMBERED)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is meant for the bot, once."""
        if message.author.bot or message.webhook_id is not None or message.type not in _WRITTEN:
            return
        words = self._words(message)
        if words is None or not self._is_new(message.id):
            return
        try:
            if not self._bot.floods.lets_ask(message.author.id):
                return
            await self._answer(message, words)
        except Exception as exc:  # noqa: BLE001  # the member waits for a word, whatever it was
            await report_error_in_text(self._bot, message, exc)

    async def choose(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Answers the question which of several files is meant: its message becomes the card."""
        found = await self._asked_about(interaction, match)
        if found is None:
            return
        reply, message, words = found
        asked = await self._understand(message, words, await self._source(interaction, match["source"], message))
        value = next(iter(chosen_values(interaction)), "0")
        checked = precheck(interaction, asked.request(int(value) if value.isdecimal() else 0), private=reply.ephemeral)
        await accept_in(interaction, checked, reply.model_copy(update={"answers": message.id}))

    async def make_of_words(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Make a video of a direct message that was no command: of its picture where it has one, else of its words."""
        found = await self._asked_about(interaction, match)
        if found is None:
            return
        reply, message, words = found
        pictured = media_of(message, Kind.IMAGE, self._hosts).files
        command = Operation.IMAGE_TO_VIDEO if pictured else Operation.TEXT_TO_VIDEO
        asked = await self._understand(message, words if read_text_command(words) else f"{command} {words}")
        checked = precheck(interaction, asked.request(), private=reply.ephemeral)
        await accept_in(interaction, checked, reply.model_copy(update={"answers": message.id}))

    async def _asked_about(
        self, interaction: Interaction, match: re.Match[str]
    ) -> tuple[Reply, discord.Message, str] | None:
        """The pressed message as a reply, and the message that it answers, with its words; None where that one has its
        answer. Raises `NotYours`, and `TextUnknown` where it was edited since."""
        message_id, asker_id = int(match["message"]), int(match["asker"])
        if interaction.user.id != asker_id:
            raise NotYours(requester_id=asker_id)
        reply = await keep_reply(interaction)  # Discord and the database may take longer than it waits
        if reply is None or await ask(self._bot.services.acceptance.answered(message_id)):
            return None
        check_in_place(interaction)
        message = await self._fetch(interaction, message_id)
        if message.author.id != asker_id:
            raise NotYours(requester_id=message.author.id)
        words = self._words(message)
        if words is None:
            raise TextUnknown(bot_id=self._bot.application_id)
        return reply, message, words

    async def _answer(self, message: discord.Message, words: str) -> None:
        if await ask(self._bot.services.acceptance.answered(message.id)):
            return
        check_rights(message)
        if message.guild is None and read_text_command(words) is None and tidy_prompt(words):
            locale = locale_of(self._bot, message)
            sentence = say("text_plain", locale)
            await tell_text(message, sentence, view=words_button(message, locale))
            return
        asked = await self._understand(message, words)
        if len(asked.files) < 2:
            await answer_text(self._bot, message, asked.request())
            return
        self._bot.services.acceptance.precheck(asked.request(), author_of(self._bot, message))
        locale = locale_of(self._bot, message)
        await tell_text(
            message, say("which_one", locale), view=message_question(asked.files, message, asked.source_id, locale)
        )

    def _words(self, message: discord.Message) -> str | None:
        """What is said to the bot; None where the message isn't meant for it."""
        content = message.content.strip()
        role = message.guild.self_role if message.guild else None
        for call in (f"<@{self._bot.application_id}>", f"<@!{self._bot.application_id}>", role and role.mention):
            if call and content.startswith(call):
                return content.removeprefix(call).lstrip(" ,:")
            if call and content.endswith(call) and read_text_command(content):
                return content.removesuffix(call)
            asked = content.partition(call)[2].lstrip(" ,:") if call else ""
            if read_text_command(asked):  # "hey @Clapper animate it"
                return asked
        if message.guild is None:
            return content
        about_something = message.reference is not None or bool(message.attachments)
        return content if about_something and read_text_command(content, with_slash=True) else None

    def _is_new(self, message_id: int) -> bool:
        if message_id in self._seen:
            return False
        self._seen[message_id] = None
        return True

    async def _understand(
        self, message: discord.Message, words: str, source: discord.Message | None = None
    ) -> TextRequest:
        """The command with its model and files, those of `source` where that is known. Raises the `Refused` of what is
        missing or not allowed."""
        command = read_text_command(words)
        if command is None:
            raise TextUnknown(bot_id=self._bot.application_id)
        check_author(message, command.operation.value)
        command = replace(command, inputs=inputs_written(command.inputs, message, self._bot.user))
        if command.operation in _NEED_A_FORM or command.private:
            raise FormNeeded(command=command.operation.value)
        policy, author = self._bot.services.policy, author_of(self._bot, message)
        model, among = (
            policy.choose(command.operation, command.model, author),
            policy.offered(command.operation, author),
        )
        kind = model.files.get(Role.DATA)
        if kind is None:
            return TextRequest(command, model, among)
        found = media_of(source, kind, self._hosts) if source else await self._material(message, kind, model)
        if not found.files:
            host = link_host(command.inputs.prompt)
            if host is not None:
                raise FileForbidden(host=host, role=Role.DATA.value)
            sees_all = message.guild is None or self._bot.intents.message_content
            raise nothing_found(model, found, bot_id=self._bot.application_id, sees_all=sees_all)
        if command.model is None:
            model = policy.for_shape(model, found.files[0], author)
        source_id = found.message_id or message.id
        return TextRequest(command, model, among, found.files, self._reference(message, model, found), source_id)

    async def _material(self, message: discord.Message, kind: Kind, model: Model) -> Found:
        """The files to use: the message's own, else those of the one that it replies to, else the channel's newest."""
        own = media_of(message, kind, self._hosts)
        if own.files or own.elsewhere:
            return own
        if message.reference is not None and message.reference.message_id is not None:
            return media_of(await self._replied_to(message, message.reference), kind, self._hosts)
        if model.operation in _OF_NEWEST and _may_look_back(message):
            return await newest(message.channel, kind, self._hosts, me=self._bot.application_id or 0)
        return Found()

    async def _replied_to(self, message: discord.Message, reference: discord.MessageReference) -> discord.Message:
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if isinstance(reference.resolved, discord.DeletedReferencedMessage):
            raise SourceGone
        return await shown(message.channel.fetch_message(reference.message_id or 0))

    def _reference(self, message: discord.Message, model: Model, used: Found) -> Attachment | None:
        """A picture that the member attached besides the video."""
        if Role.REFERENCE not in model.files:
            return None
        taken = {file.url for file in used.files}
        pictures = media_of(message, Kind.IMAGE, self._hosts).files
        return next((picture for picture in pictures if picture.url not in taken), None)

    async def _fetch(self, interaction: Interaction, message_id: int) -> discord.Message:
        place = self._bot.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        return await shown(place.fetch_message(message_id))

    async def _source(
        self, interaction: Interaction, source_id: str | None, message: discord.Message
    ) -> discord.Message | None:
        """The message that has the files. A forged id names nothing that the member could not look at themselves."""
        if source_id is None or int(source_id) == message.id:
            return None if source_id is None else message
        if interaction.guild_id is not None and not interaction.permissions.read_message_history:
            raise SourceGone
        return await self._fetch(interaction, int(source_id))


def _may_look_back(message: discord.Message) -> bool:
    """Whether the member may read what was written there before, so that nobody is shown what they can't see. Only the
    message of an event tells: one that was fetched names its author without roles."""
    channel, author = message.channel, message.author
    if not isinstance(author, discord.Member) or isinstance(channel, discord.PartialMessageable):
        return message.guild is None
    see: Callable[[discord.Member], discord.Permissions] = channel.permissions_for
    return see(author).read_message_history


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    commands_in_text = TextCommands(bot)
    bot.persist(MESSAGE_PICKER, commands_in_text.choose)
    bot.persist(WORDS_BUTTON, commands_in_text.make_of_words)
    await bot.add_cog(commands_in_text)
