"""`/usage`: what a member has left under every limit that holds for them, and what they made lately."""

from __future__ import annotations

from functools import partial

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import VideoBot
from bot.chat.inputs.options import Described
from bot.chat.replies.interactions import Interaction, ask, open_reply, requester_of, roles_of
from bot.chat.settings_text import Names, standing_text
from bot.chat.statistics_message import add_member_fields, chart_of_member, show_with_chart
from bot.errors import ModeratorsOnly
from bot.rules.jobs import Requester
from bot.rules.limit_rules import Scope
from bot.rules.limits import Account, Standing
from bot.wording import say, sentence_of

DAYS = 30
"""How far back the chart and its numbers go: as far as the longest window that a limit can have."""


class UsageCommand(commands.Cog):
    """Answered privately: only the member and the moderators may know."""

    @app_commands.command(description=Described("command_usage"))
    @app_commands.describe(member=Described("option_member"))
    async def usage(self, interaction: Interaction, *, member: discord.User | None = None) -> None:
        """Show what is used and left, rule by rule, and the member's own numbers as text and then as a chart."""
        whom = requester_of(interaction)
        if member is not None and member.id != whom.user_id:
            if not ((whom.server_moderator or whom.admin) and whom.guild_id):
                raise ModeratorsOnly
            whom = _as_requester(member, whom)
        await open_reply(interaction, private=True)
        locale = interaction.locale.value
        account = await ask(interaction.client.services.limits.account(whom))
        statistics, names = interaction.client.services.statistics, Names(interaction.guild, locale)
        report = await ask(statistics.of_member(whom, days=DAYS))

        def embed_of(drawn: bool) -> discord.Embed:
            embed = _left(account, names, whom, interaction)
            if report.statistics.total:
                add_member_fields(embed, report, interaction.client.services.catalog, locale, drawn=drawn)
            return embed

        other = None if whom.user_id == interaction.user.id else whom.name
        chart = chart_of_member(report, other, locale) if report.statistics.total else None
        await show_with_chart(interaction, embed_of, partial(statistics.draw, chart) if chart else None)


def _left(account: Account, names: Names, whom: Requester, interaction: Interaction) -> discord.Embed:
    """Every rule with what is used of it, and when more can be used: the member's own first, then those for all."""
    locale = interaction.locale.value
    mine = whom.user_id == interaction.user.id
    who = say("for_you", locale) if mine else names.quote(whom.name)
    standings = sorted(account.standings, key=_place)
    lines = [f"- {standing_text(standing, names, who)}" for standing in standings]
    if account.blocked is not None:
        lines.insert(0, sentence_of(account.blocked, locale))
    if account.exempt:
        lines.insert(0, say("usage_exempt", locale))
    title = say("usage_title", locale) if mine else say("usage_title_of", locale, name=whom.name)
    return discord.Embed(title=title[:256], description="\n".join(lines)[:4096] or say("usage_none", locale))


def _place(standing: Standing) -> tuple[bool, bool]:
    """The member's own limits come before those for all together, and the server's before the operator's."""
    shared = standing.held.rule.scope not in {Scope.EVERYONE, Scope.ROLE}
    return shared, standing.held.operator


def _as_requester(member: discord.User | discord.Member, by: Requester) -> Requester:
    """The other member as a requester in this place; one who has left the server has no roles."""
    roles = roles_of(member) if isinstance(member, discord.Member) else ()
    rights = dict.fromkeys(("moderator", "server_moderator", "admin"), False)
    who = {"user_id": member.id, "name": member.display_name, "role_ids": roles}
    return by.model_copy(update=who | rights)


async def setup(bot: VideoBot) -> None:
    """Called by discord.py when the cog is loaded."""
    await bot.add_cog(UsageCommand())
