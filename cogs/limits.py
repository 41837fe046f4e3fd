"""`/limits`: who may make how much, set by those who manage the server.

Their right is checked here, too: a server's admins can open a command to anybody, and a forged client may send any.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.chosen_channels import told_lacking
from bot.chat.inputs.options import Described
from bot.chat.limit_changes import rework_limits
from bot.chat.replies.interactions import Interaction, admin_of, ask, note_refused, open_reply, tell
from bot.chat.settings_text import Names, block_text, limit_lines, rule_text, rule_word
from bot.errors import AdminsOnly, LimitTargetInvalid, RuleUnknown
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Requester
from bot.rules.limit_rules import (
    AMOUNT_MAX,
    BLOCK_LENGTHS,
    REASON_MAX_CHARS,
    LimitBook,
    Scope,
    Unit,
    Window,
    make_block,
    make_rule,
)
from bot.wording import Markup, say

LIST_MAX_CHARS = 3900
"""What an embed's 4096 characters leave for a list, with a line below it."""


class Words(app_commands.Transformer):
    """An option with fixed words, shown as the sentences that `key` and each word name. Another word, which only a
    forged client sends, is refused with a sentence."""

    def __init__(self, words: Mapping[str, Any], key: str) -> None:
        self._words = words
        self._key = key

    @property
    def choices(self) -> list[app_commands.Choice[str | int | float]]:
        return [
            app_commands.Choice(name=Described(f"{self._key}_{word}".replace(" ", "_")), value=word)
            for word in self._words
        ]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:
        del interaction
        return self._words[value]


class WritableChannel(app_commands.Transformer):
    """A channel, of the kinds in which one can write; a thread counts for its channel and can't be chosen itself."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> app_commands.AppCommandChannel:
        del interaction
        if not isinstance(value, app_commands.AppCommandChannel):
            raise TypeError("not a channel")
        return value


_SCOPES = {scope.value: scope for scope in Scope if scope is not Scope.BOT}
ScopeWord = app_commands.Transform[Scope, Words(_SCOPES, "scope")]
WindowWord = app_commands.Transform[Window, Words({window.value: window for window in Window}, "window")]
UnitWord = app_commands.Transform[Unit, Words({unit.value: unit for unit in Unit}, "unit")]
FullWord = app_commands.Transform[Literal["queue", "refuse"], Words({"queue": "queue", "refuse": "refuse"}, "value")]
ChannelOption = app_commands.Transform[app_commands.AppCommandChannel, WritableChannel()]
LengthWord = app_commands.Transform[str, Words({word: word for word in BLOCK_LENGTHS}, "length")]


async def offer_rules(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """The server's rules that hold what was typed so far, those of deleted roles and channels, too."""
    try:
        by = admin_of(interaction)
    except AdminsOnly as exc:  # discord.py would take it for a failure of ours
        note_refused(interaction, exc)
        return []
    guild_settings = interaction.client.services.guilds.known(by.guild_id or 0)
    names = Names(interaction.guild, interaction.locale.value, plain=True)
    found = [(rule_text(rule, names), rule_word(rule)) for rule in guild_settings.limits.rules]
    fitting = [(text, word) for text, word in found if typed.casefold() in text.casefold()]
    return [app_commands.Choice(name=text[:100], value=word) for text, word in fitting[:25]]


class LimitCommands(commands.Cog):
    """Each subcommand is one change of the server's settings, or a look at them."""

    limits = app_commands.Group(
        name="limits",
        description=Described("command_limits"),
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )

    @limits.command(name="set", description=Described("command_limits_set"))
    @app_commands.describe(
        scope=Described("option_scope"),
        amount=Described("option_amount"),
        window=Described("option_window"),
        unit=Described("option_unit"),
        role=Described("option_role"),
        channel=Described("option_channel"),
    )
    async def set_rule(
        self,
        interaction: Interaction,
        *,
        scope: ScopeWord,
        amount: app_commands.Range[float, 0, AMOUNT_MAX],
        window: WindowWord,
        unit: UnitWord = Unit.JOBS,
        role: discord.Role | None = None,
        channel: ChannelOption | None = None,
    ) -> None:
        """Add a rule, or set another amount for one that is there."""
        by, names = await acknowledge_admin(interaction)
        target_id = target_of(scope, role, channel, here=by.parent_channel_id or by.channel_id)
        rule = make_rule(scope, amount, window, unit=unit, target_id=target_id)
        await rework_limits(interaction, by, lambda book: book.with_rule(rule))
        told = say("limit_set", names.locale, rule=Markup(rule_text(rule, names)))
        used = [target_id] if scope is Scope.CHANNEL and target_id and interaction.guild else []
        lacking = told_lacking(interaction, interaction.guild, used, names.locale) if interaction.guild else []
        await tell(interaction, "\n".join((told, *lacking)))

    @limits.command(name="remove", description=Described("command_limits_remove"))
    @app_commands.describe(rule=Described("option_rule"))
    @app_commands.autocomplete(rule=offer_rules)
    async def remove(self, interaction: Interaction, *, rule: str) -> None:
        """Remove a rule of the list."""
        by, names = await acknowledge_admin(interaction)
        guild_settings = await ask(interaction.client.services.guilds.settings(by.guild_id or 0))
        found = next((known for known in guild_settings.limits.rules if rule_word(known) == rule), None)
        if found is None:
            raise RuleUnknown
        await rework_limits(interaction, by, lambda book: book.without_rule(found.key))
        await tell(interaction, say("limit_removed", names.locale, rule=Markup(rule_text(found, names))))

    @limits.command(name="show", description=Described("command_limits_show"))
    async def show(self, interaction: Interaction) -> None:
        """Show everything about limits that is set here."""
        by, names = await acknowledge_admin(interaction)
        guild_settings = await ask(interaction.client.services.guilds.settings(by.guild_id or 0))
        now = interaction.created_at
        lines = list(listing(guild_settings, names, now))
        text = "\n".join(lines)
        embed = discord.Embed(title=say("limits_title", names.locale), description=shortened(text, names.locale))
        embed.set_footer(text=say("limits_how", names.locale))
        files = []
        if len(text) > LIST_MAX_CHARS:
            whole = "\n".join(listing(guild_settings, names.plainly, now))
            files = [discord.File(io.BytesIO(whole.encode()), "limits.txt")]
        await interaction.edit_original_response(
            embed=embed, attachments=files, allowed_mentions=discord.AllowedMentions.none()
        )

    @limits.command(name="reset", description=Described("command_limits_reset"))
    @app_commands.describe(member=Described("option_reset_member"))
    async def reset(self, interaction: Interaction, *, member: discord.User) -> None:
        """Stop counting what a member has used so far for the server's rules for each member."""
        by, names = await acknowledge_admin(interaction)
        number = await ask(interaction.client.services.limits.forgive(by.guild_id or 0, by, member.id))
        key = "limits_reset" if number else "limits_reset_nothing"
        await tell(interaction, say(key, names.locale, member_id=member.id, number=number))

    @limits.command(name="exempt", description=Described("command_limits_exempt"))
    @app_commands.describe(role=Described("option_exempt_role"), exempt=Described("option_exempt"))
    async def exempt(self, interaction: Interaction, *, role: discord.Role, exempt: bool = True) -> None:
        """Exempt a role's members from all rules of the server, or end that."""
        by, names = await acknowledge_admin(interaction)

        def change(book: LimitBook) -> LimitBook:
            roles = book.exempt_role_ids | {role.id} if exempt else book.exempt_role_ids - {role.id}
            return book.with_exempt_roles(roles)

        await rework_limits(interaction, by, change)
        key = "limits_exempt" if exempt else "limits_not_exempt"
        await tell(interaction, say(key, names.locale, target=Markup(names.role(role.id))))

    @limits.command(name="block", description=Described("command_limits_block"))
    @app_commands.describe(
        member=Described("option_block_member"), reason=Described("option_reason"), length=Described("option_length")
    )
    async def block(
        self,
        interaction: Interaction,
        *,
        member: discord.User,
        reason: app_commands.Range[str, 1, REASON_MAX_CHARS] = "",
        length: LengthWord = "for good",
    ) -> None:
        """Let a member make nothing, for a while or for good."""
        by, names = await acknowledge_admin(interaction)
        now = interaction.created_at
        block = make_block(member.id, reason, length, now)
        await rework_limits(interaction, by, lambda book: book.with_block(block, now))
        await tell(interaction, say("limits_blocked", names.locale, block=Markup(block_text(block, names))))

    @limits.command(name="unblock", description=Described("command_limits_unblock"))
    @app_commands.describe(member=Described("option_unblock_member"))
    async def unblock(self, interaction: Interaction, *, member: discord.User) -> None:
        """Let a blocked member make videos again."""
        by, names = await acknowledge_admin(interaction)
        await rework_limits(interaction, by, lambda book: book.without_block(member.id))
        await tell(interaction, say("limits_unblocked", names.locale, member_id=member.id))

    @limits.command(name="full", description=Described("command_limits_full"))
    @app_commands.describe(then=Described("option_then"))
    async def full(self, interaction: Interaction, *, then: FullWord) -> None:
        """Set whether one more job waits or is refused where an at-once rule is full."""
        by, names = await acknowledge_admin(interaction)
        await rework_limits(interaction, by, lambda book: book.with_full(then))
        await tell(interaction, say(f"when_full_{then}", names.locale))


async def acknowledge_admin(interaction: Interaction) -> tuple[Requester, Names]:
    """Acknowledge, privately, what an admin asks; gives who asks, and the server's names in their language.

    Raises `AdminsOnly` for everybody else.
    """
    by = admin_of(interaction)
    await open_reply(interaction, private=True)
    return by, Names(interaction.guild, interaction.locale.value)


def target_of(
    scope: Scope, role: discord.Role | None, channel: app_commands.AppCommandChannel | None, *, here: int
) -> int | None:
    """The role or channel that the scope asks for; without a channel it is the one `here`.

    None where it asks for none, or none was chosen. Raises `LimitTargetInvalid` where another was chosen.
    """
    wanted = {Scope.ROLE: role, Scope.CHANNEL: channel}.get(scope)
    if any(given is not None and given is not wanted for given in (role, channel)):
        raise LimitTargetInvalid(scope=scope.value)
    if scope is Scope.CHANNEL and channel is None:
        return here
    return None if wanted is None else wanted.id


def listing(guild_settings: GuildSettings, names: Names, now: datetime) -> Iterable[str]:
    """All that is set, in one line each; a rule of a deleted role or channel says that it is deleted."""
    book, locale = guild_settings.limits, names.locale
    if not book.rules:
        yield say("limits_none", locale)
    for line in limit_lines(book.in_order, names):
        yield f"- {line}"
    yield say(f"when_full_{book.when_full}", locale)
    if book.exempt_role_ids:
        roles = ", ".join(names.role(role_id) for role_id in sorted(book.exempt_role_ids))
        yield say("limits_exempt", locale, target=Markup(roles))
    for block in book.blocks_at(now):
        yield f"- {block_text(block, names)}"


def shortened(text: str, locale: str) -> str:
    """As many whole lines as there is room for, with a word on the file that has all of them."""
    if len(text) <= LIST_MAX_CHARS:
        return text
    return text[: text.rfind("\n", 0, LIST_MAX_CHARS)] + "\n" + say("limits_in_file", locale)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(LimitCommands())
