"""Messages that are no job's reply: the audit channel's entries, questions to moderators, pings after slow jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.persistent import Verb, job_button, view_with
from bot.chat.replies.attached_file import AttachedFile
from bot.chat.replies.card_lines import PROMPT_MAX_CHARS, SHORT_ID_CHARS, failure_sentence, model_title
from bot.chat.replies.cards import STATE_LOOKS
from bot.chat.replies.edit_routes import FINAL_STATUSES, UNSENT_OR_CLOSED, token_is_alive, webhook_of
from bot.chat.settings_text import change_lines
from bot.rules.catalog import Catalog
from bot.rules.clock import Clock
from bot.rules.jobs import Job, Requester
from bot.rules.notices import (
    Entry,
    HoldOutcome,
    HoldSettled,
    JobEnded,
    LimitsReset,
    NoticeLost,
    Picture,
    PromptNoted,
    SettingsChanged,
)
from bot.wording import Markup, say
from bot.wording.facts import escape

log = logging.getLogger(__name__)

_BLUE, _GOLD, _GREEN, _GREY, _RED = (
    discord.Colour.blurple(),
    discord.Colour.gold(),
    discord.Colour.green(),
    discord.Colour.lighter_grey(),
    discord.Colour.red(),
)
_VERDICTS = {"block": ("⛔", _RED), "hold": ("✋", _GOLD), "record": ("📝", _BLUE)}
_OUTCOMES: Mapping[HoldOutcome, tuple[str, discord.Colour, str]] = {
    HoldOutcome.APPROVED: ("👍", _GREEN, "audit_approved"),
    HoldOutcome.DENIED: ("👎", _RED, "audit_denied"),
    HoldOutcome.BLOCKED: ("👎", _RED, "audit_denied"),
    HoldOutcome.WITHDRAWN: ("✋", _GREY, "hold_title"),
    HoldOutcome.EXPIRED: ("✋", _GREY, "hold_title"),
}
_NONCE_MAX_CHARS = 25
_CHANGES_MAX_CHARS = 3500
_SILENT = discord.AllowedMentions.none()


class DiscordNotices:
    """`bot.rules.notices.Notices` for Discord. The client need only have logged in."""

    def __init__(self, client: discord.Client, catalog: Catalog, *, clock: Clock) -> None:
        self._client = client
        self._catalog = catalog
        self._clock = clock
        self._chosen: Callable[[int], str | None] = lambda _: None

    def speak(self, chosen: Callable[[int], str | None]) -> None:
        """`chosen` gives the language that a server's admins have chosen, None where they have not."""
        self._chosen = chosen

    async def record(self, guild_id: int, channel_id: int, entry: Entry) -> None:
        await self._post(guild_id, channel_id, self._entry(entry, self._locale(_about(entry))))

    async def ask(self, channel_id: int, job: Job, pattern: str, pictures: Sequence[Picture]) -> int:
        try:
            return await self._ask(channel_id, job, pattern, pictures)
        except NoticeLost:
            if not pictures:
                raise
            return await self._ask(channel_id, job, pattern, ())  # the channel may take no files

    async def _ask(self, channel_id: int, job: Job, pattern: str, pictures: Sequence[Picture]) -> int:
        locale = self._locale(job.requester)
        embed = self._question(job, pattern, locale)
        files = [
            AttachedFile(picture.path, f"input{number}{picture.path.suffix}", spoiler=picture.hidden)
            for number, picture in enumerate(pictures, 1)
        ]
        if files and not pictures[0].hidden:
            embed.set_image(url=f"attachment://{files[0].filename}")
        verbs = (Verb.APPROVE, Verb.DENY, Verb.BLOCK)
        view = view_with(*(job_button(verb, job.id, locale) for verb in verbs))
        return await self._post(job.requester.guild_id, channel_id, embed, view, files=files, nonce=job.id)

    async def close_question(
        self, channel_id: int, message_id: int, job: Job, *, decision: HoldOutcome, by: Requester | None, reason: str
    ) -> None:
        locale = self._locale(by or job.requester)
        embed = self._question(job, "", locale)
        embed.colour = _OUTCOMES[decision][1]
        embed.description = f"{embed.description}\n\n{_decided(decision, by, reason, locale)}"
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.requester.guild_id)
        try:
            await channel.get_partial_message(message_id).edit(
                embed=embed, view=None, attachments=[], allowed_mentions=_SILENT
            )
        except UNSENT_OR_CLOSED as exc:
            log.info("the question about job %s can't be edited: %s", job.id, type(exc).__name__)

    async def ping(self, job: Job) -> None:
        try:
            await self._ping(job)
        except UNSENT_OR_CLOSED as exc:
            log.info("the requester of job %s was not pinged: %s", job.id, type(exc).__name__)

    async def _ping(self, job: Job) -> None:
        """Send a new message, since edits notify nobody: an answer to the reply, or a follow-up of a private one."""
        reply, requester = job.reply, job.requester
        text = say(f"ping_{job.state}", job.locale, user_id=requester.user_id)
        only_them = discord.AllowedMentions(
            everyone=False, roles=False, replied_user=False, users=[discord.Object(requester.user_id)]
        )
        if reply.only_by_token:
            if token_is_alive(reply, self._clock.now()):
                webhook = webhook_of(reply, self._client)
                await webhook.send(text, ephemeral=reply.ephemeral, allowed_mentions=only_them)
            return
        channel = self._client.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        if reply.message_id is None:
            await channel.send(text, allowed_mentions=only_them)
            return
        answered = discord.MessageReference(
            message_id=reply.message_id, channel_id=reply.channel_id, guild_id=reply.guild_id, fail_if_not_exists=False
        )
        await channel.send(text, reference=answered, allowed_mentions=only_them)

    async def _post(
        self,
        guild_id: int | None,
        channel_id: int,
        embed: discord.Embed,
        view: ui.View | None = None,
        *,
        files: Sequence[discord.File] = (),
        nonce: str | None = None,
    ) -> int:
        """`nonce`: Discord gives the message of the same one, if there was one within minutes, instead of another."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)
        extras: dict[str, Any] = {"view": view, "files": list(files), "nonce": nonce and nonce[:_NONCE_MAX_CHARS]}
        given = {name: value for name, value in extras.items() if value}
        try:
            message: discord.Message = await channel.send(embed=embed, allowed_mentions=_SILENT, **given)
        except discord.HTTPException as exc:
            raise NoticeLost(f"http_{exc.status}_{exc.code}", final=exc.status in FINAL_STATUSES) from exc
        except UNSENT_OR_CLOSED as exc:
            raise NoticeLost(type(exc).__name__, final=False) from exc
        return message.id

    def _entry(self, entry: Entry, locale: str | None) -> discord.Embed:
        match entry:
            case JobEnded(job=job):
                return self._outcome(job, locale)
            case PromptNoted():
                return _noted(entry, locale)
            case HoldSettled(job=job, by=by, decision=decision, reason=reason):
                sign, colour, key = _OUTCOMES[decision]
                lines = [_decided(decision, by, reason, locale), *self._facts(job, locale)]
                return _embed(f"{sign} {say(key, locale)}", lines, colour)
            case SettingsChanged():
                lines = [say("audit_by", locale, user_id=entry.by.user_id, version=entry.version)]
                lines += change_lines(entry.changes, locale, most_chars=_CHANGES_MAX_CHARS)
                return _embed(f"⚙️ {say('audit_settings', locale)}", lines, _BLUE)
            case LimitsReset(by=by, user_id=user_id, jobs=number):
                lines = [
                    say("audit_reset_by", locale, user_id=by.user_id),
                    say("limits_reset", locale, member_id=user_id, number=number),
                ]
                return _embed(f"♻️ {say('audit_reset', locale)}", lines, _BLUE)

    def _outcome(self, job: Job, locale: str | None) -> discord.Embed:
        sign, colour = STATE_LOOKS[job.state]
        lines = self._facts(job, locale)
        if job.failure is not None:
            lines.append(failure_sentence(job.failure, locale))
        if job.ended_at is not None:
            lines.append(say("notice_took", locale, seconds=(job.ended_at - job.accepted_at).total_seconds()))
        return _embed(f"{sign} {say(f'audit_{job.state}', locale)}", lines, colour)

    def _question(self, job: Job, pattern: str, locale: str | None) -> discord.Embed:
        lines = self._facts(job, locale)
        if pattern:
            lines.append(say("notice_rule", locale, pattern=pattern))
        return _embed(f"✋ {say('hold_title', locale)}", lines, _GOLD)

    def _facts(self, job: Job, locale: str | None) -> list[str]:
        """The lines that say who asked where, with which prompt, for which model."""
        job_id = Markup(f"`{job.id[:SHORT_ID_CHARS]}`")
        return [
            _where(job.requester, job.request.operation.value, locale),
            *_quoted(job.request.inputs.prompt),
            say("notice_model", locale, model=model_title(job.request.model, self._catalog), job=job_id),
        ]

    def _locale(self, requester: Requester) -> str | None:
        """The language of the server where they asked: the chosen one, or as Discord says it now where this process is
        told of that server, and in a worker, which is told of none, as it was when they asked."""
        chosen = None if requester.guild_id is None else self._chosen(requester.guild_id)
        if chosen is not None:
            return chosen
        guild = None if requester.guild_id is None else self._client.get_guild(requester.guild_id)
        if guild is None or guild.unavailable:
            return requester.guild_locale
        return guild.preferred_locale.value


def _about(entry: Entry) -> Requester:
    """Who asked for, or did, what the entry tells."""
    match entry:
        case JobEnded(job=job):
            return job.requester
        case PromptNoted(requester=requester):
            return requester
        case HoldSettled(by=by) | SettingsChanged(by=by) | LimitsReset(by=by):
            return by


def _noted(entry: PromptNoted, locale: str | None) -> discord.Embed:
    action = entry.verdict.action.value
    sign, colour = _VERDICTS[action]
    lines = [
        _where(entry.requester, entry.command, locale),
        *_quoted(entry.prompt),
        say("notice_rule", locale, pattern=entry.verdict.rule.pattern),
    ]
    return _embed(f"{sign} {say(f'audit_{action}', locale)}", lines, colour)


def _decided(decision: HoldOutcome, by: Requester | None, reason: str, locale: str | None) -> str:
    told = say(f"hold_{decision}", locale, user_id=0 if by is None else by.user_id)
    return f"{told} {say('hold_reason', locale, reason=reason)}" if reason else told


def _where(requester: Requester, command: str, locale: str | None) -> str:
    return say("notice_where", locale, user_id=requester.user_id, command=command, channels=str(requester.channel_id))


def _quoted(prompt: str | None) -> list[str]:
    return [] if not prompt else [f"> {escape(prompt, PROMPT_MAX_CHARS)}"]


def _embed(title: str, lines: list[str], colour: discord.Colour) -> discord.Embed:
    return discord.Embed(title=title, description="\n".join(lines), colour=colour)
