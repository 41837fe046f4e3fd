"""How a server's limits are changed, by the commands of `/limits` and by the panel of `/settings` alike."""

from __future__ import annotations

from collections.abc import Callable

from bot.chat.replies.interactions import Interaction, ask
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Requester
from bot.rules.limit_rules import LimitBook


async def rework_limits(
    interaction: Interaction, by: Requester, change: Callable[[LimitBook], LimitBook]
) -> GuildSettings:
    """Save one change of the limits, made on whatever they are when it is saved.

    Raises what `change` raises, and as `Guilds.rework`.
    """
    guilds = interaction.client.services.guilds
    return await ask(
        guilds.rework(by.guild_id or 0, by, lambda guild_settings: {"limits": change(guild_settings.limits)})
    )
