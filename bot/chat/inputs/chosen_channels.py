"""What the app lacks in a channel that was chosen, as Discord says in the very interaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import discord

from bot.wording import Markup, say, translated

TO_MAKE_VIDEOS = ("view_channel", "embed_links", "attach_files")
"""What a reply with a video needs (`bot.chat.replies.interactions.check_rights`)."""


def lacking(
    interaction: discord.Interaction[Any], guild: discord.Guild, channel_id: int, needed: Iterable[str]
) -> tuple[str, ...]:
    """Which of the needed permissions, by discord.py's names, the app lacks in that channel of the server.

    Discord resolves a chosen channel with `app_permissions` (since 2026-07-16; discord.py 2.7 drops them). Where it did
    not, they are reckoned from what is in the cache. Of a channel that nobody knows nothing is said.
    """
    held = _resolved(interaction, channel_id)
    if held is None:
        channel = guild.get_channel_or_thread(channel_id)
        if channel is None:
            return ()
        held = channel.permissions_for(guild.me)
    return tuple(name for name in needed if not getattr(held, name))


def told_lacking(
    interaction: discord.Interaction[Any], guild: discord.Guild, channel_ids: Iterable[int], locale: str | None
) -> list[str]:
    """A sentence for each of the channels in which the app lacks what making videos needs."""
    told = []
    for channel_id in channel_ids:
        missing = lacking(interaction, guild, channel_id, TO_MAKE_VIDEOS)
        if missing:
            names = ", ".join(translated(f"permission_{name}", locale) for name in missing)
            told.append(say("panel_lacking", locale, channels=str(channel_id), list=Markup(names)))
    return told


def _resolved(interaction: discord.Interaction[Any], channel_id: int) -> discord.Permissions | None:
    data: Mapping[str, Any] = dict(interaction.data) if interaction.data else {}
    channels = (data.get("resolved") or {}).get("channels") or {}
    bits = str((channels.get(str(channel_id)) or {}).get("app_permissions") or "")
    return discord.Permissions(int(bits)) if bits.isascii() and bits.isdecimal() else None
