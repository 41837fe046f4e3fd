"""Permission bits and how Discord adds them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.discord.world import Channel, Guild

CREATE_INVITE = 1 << 0
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
USE_APPLICATION_COMMANDS = 1 << 31
SEND_MESSAGES_IN_THREADS = 1 << 38
USE_EXTERNAL_APPS = 1 << 50

EVERYTHING = (1 << 53) - 1
USUAL = (
    CREATE_INVITE | VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_MESSAGE_HISTORY
    | USE_EXTERNAL_EMOJIS | USE_APPLICATION_COMMANDS | SEND_MESSAGES_IN_THREADS | USE_EXTERNAL_APPS
)  # fmt: skip
MODERATOR = USUAL | MANAGE_MESSAGES | MENTION_EVERYONE
# What an app has in a private channel, where no role can give or take anything.
PRIVATE = USUAL & ~CREATE_INVITE


def permissions_in(guild: Guild, channel: Channel | None, user_id: str) -> int:
    """All bits of a member in a channel (or in the guild); 0 for somebody who isn't there."""
    if guild.owner_id == user_id:
        return EVERYTHING
    member = guild.members.get(user_id)
    if member is None:
        return 0
    role_ids = [guild.id, *member.roles]
    bits = 0
    for role_id in role_ids:
        bits |= guild.roles[role_id].permissions if role_id in guild.roles else 0
    if bits & ADMINISTRATOR:
        return EVERYTHING
    if channel is not None:
        bits = _overwritten(bits, guild, channel, role_ids[1:], user_id)
    return bits


def _overwritten(bits: int, guild: Guild, channel: Channel, role_ids: list[str], user_id: str) -> int:
    # A thread has no overwrites of its own: its parent's hold.
    source = guild.channels.get(channel.parent_id or "", channel) if channel.is_thread else channel
    everyone = source.overwrites.get(guild.id, (0, 0))
    bits = (bits & ~everyone[1]) | everyone[0]
    allow = deny = 0
    for role_id in role_ids:
        role = source.overwrites.get(role_id, (0, 0))
        allow, deny = allow | role[0], deny | role[1]
    bits = (bits & ~deny) | allow
    own = source.overwrites.get(user_id, (0, 0))
    bits = (bits & ~own[1]) | own[0]
    # Who can't see a channel can do nothing in it.
    return bits if bits & VIEW_CHANNEL else 0
