"""Guilds, channels and members as Discord writes them in JSON."""

from __future__ import annotations

from sandbox.discord.ids import time_of
from sandbox.discord.responses import Json
from sandbox.discord.world import STAGE, VOICE, Channel, Guild, Member, World


def channel_json(world: World, channel: Channel, *, beside: str | None = None) -> Json:
    """`beside`: the user from whose side a private channel is seen; they are not among its recipients."""
    data: Json = {"id": channel.id, "type": channel.type, "flags": 0, "last_message_id": channel.last_message_id}
    if channel.is_private:
        others = [user_id for user_id in channel.recipients if user_id != beside]
        data["recipients"] = [world.users[user_id].json() for user_id in others]
        if channel.type == 3:
            data |= {"name": channel.name or None, "owner_id": channel.recipients[0], "icon": None}
        return data
    data |= {
        "guild_id": channel.guild_id, "name": channel.name, "position": channel.position, "nsfw": channel.nsfw,
        "parent_id": channel.parent_id, "topic": None, "rate_limit_per_user": 0,
        "permission_overwrites": [
            {"id": target, "type": 1 if target in world.users else 0, "allow": str(allow), "deny": str(deny)}
            for target, (allow, deny) in channel.overwrites.items()
        ],
    }  # fmt: skip
    if channel.type in {VOICE, STAGE}:
        data |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
    if channel.is_thread:
        data |= {
            "owner_id": world.bot.id, "message_count": 0, "member_count": 1, "total_message_sent": 0,
            "thread_metadata": {
                "archived": channel.archived, "auto_archive_duration": 1440, "locked": channel.locked,
                "archive_timestamp": world.clock.now().isoformat(),
                "create_timestamp": time_of(channel.id).isoformat(),
            },
        }  # fmt: skip
    return data


def member_json(world: World, member: Member, *, user: bool = True, permissions: int | None = None) -> Json:
    data: Json = {
        "roles": list(member.roles), "nick": member.nick, "joined_at": member.joined.isoformat(), "flags": 0,
        "avatar": None, "banner": None, "deaf": False, "mute": False, "pending": False, "premium_since": None,
        "communication_disabled_until": None,
    }  # fmt: skip
    if user:
        data["user"] = world.users[member.user_id].json()
    if permissions is not None:
        data["permissions"] = str(permissions)
    return data


def guild_json(world: World, guild: Guild) -> Json:
    """What REST and the gateway have in common."""
    return {
        "id": guild.id, "name": guild.name, "owner_id": guild.owner_id, "icon": None, "description": None,
        "home_header": None, "splash": None, "discovery_splash": None, "features": [], "banner": None,
        "application_id": None, "region": "us-west", "afk_channel_id": None, "afk_timeout": 300,
        "system_channel_id": guild.system_channel_id, "system_channel_flags": 0, "widget_enabled": False,
        "widget_channel_id": None, "verification_level": 0, "roles": [role.json() for role in guild.roles.values()],
        "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0, "max_presences": None,
        "max_members": 500000, "max_stage_video_channel_users": 50, "max_video_channel_users": 25,
        "vanity_url_code": None, "premium_tier": guild.premium_tier, "premium_subscription_count": 0,
        "preferred_locale": guild.locale, "rules_channel_id": None, "safety_alerts_channel_id": None,
        "public_updates_channel_id": None, "premium_progress_bar_enabled": False, "nsfw": False, "nsfw_level": 0,
        "emojis": [], "stickers": [], "incidents_data": None, "hub_type": None, "latest_onboarding_question_id": None,
    }  # fmt: skip


def guild_create_json(world: World, guild: Guild, *, all_members: bool) -> Json:
    """Without the members intent only the bot itself is in the list of members."""
    members = guild.members.values() if all_members else [guild.members[world.bot.id]]
    return guild_json(world, guild) | {
        "unavailable": False, "large": False, "member_count": len(guild.members), "voice_states": [], "presences": [],
        "joined_at": guild.members[world.bot.id].joined.isoformat(), "stage_instances": [],
        "guild_scheduled_events": [], "soundboard_sounds": [],
        "members": [member_json(world, member) for member in members],
        "channels": [channel_json(world, c) for c in guild.channels.values() if not c.is_thread],
        "threads": [channel_json(world, c) for c in guild.channels.values() if c.is_thread and not c.archived],
    }  # fmt: skip
