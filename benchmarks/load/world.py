"""The objects of the load tests' Discord, with the keys that discord.py reads.

There are so many servers, numbered from 0, each with one channel. Member `n` is in server `n % servers`.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

Json = dict[str, Any]

APPLICATION_ID = 1_100_000_000_000_000_000
FIRST_GUILD_ID = 1_110_000_000_000_000_000
FIRST_CHANNEL_ID = 1_120_000_000_000_000_000
FIRST_MEMBER_ID = 1_200_000_000_000_000_000
UPLOAD_BYTES = 20 * 1024 * 1024
_DISCORD_EPOCH_MS = 1_420_070_400_000
_ALL = str((1 << 53) - 1)
_USUAL = str(1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 31)
_count = itertools.count()


def new_id() -> str:
    """A snowflake of this moment."""
    return str(int(time.time() * 1000 - _DISCORD_EPOCH_MS) << 22 | next(_count) & 0x3FFFFF)


def user(user_id: int, name: str, *, bot: bool = False) -> Json:
    return {
        "id": str(user_id), "username": name, "discriminator": "0", "global_name": name, "avatar": None, "bot": bot,
        "public_flags": 0, "flags": 0,
    }  # fmt: skip


BOT = user(APPLICATION_ID, "bot", bot=True)


def _channel(guild_number: int) -> Json:
    return {
        "id": str(FIRST_CHANNEL_ID + guild_number), "type": 0, "name": "general", "position": 0, "nsfw": False,
        "guild_id": str(FIRST_GUILD_ID + guild_number), "permission_overwrites": [], "parent_id": None, "topic": None,
        "rate_limit_per_user": 0, "last_message_id": None, "flags": 0,
    }  # fmt: skip


def _member(who: Json) -> Json:
    return {"user": who, "roles": [], "flags": 0, "joined_at": "2024-01-01T00:00:00+00:00", "permissions": _USUAL,
            "nick": None, "avatar": None, "deaf": False, "mute": False, "pending": False}  # fmt: skip


def guild(number: int) -> Json:
    everyone = {
        "id": str(FIRST_GUILD_ID + number), "name": "@everyone", "permissions": _ALL, "position": 0, "color": 0,
        "hoist": False, "managed": False, "mentionable": False, "flags": 0,
    }  # fmt: skip
    return {
        "id": str(FIRST_GUILD_ID + number), "name": f"Server {number}", "owner_id": str(FIRST_MEMBER_ID),
        "unavailable": False, "member_count": 2, "roles": [everyone], "channels": [_channel(number)],
        "members": [_member(BOT)], "emojis": [], "stickers": [],
        "features": [], "premium_tier": 0, "preferred_locale": "en-US", "large": False, "threads": [],
        "voice_states": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [], "nsfw_level": 0,
        "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
        "afk_timeout": 300, "system_channel_flags": 0, "premium_subscription_count": 0, "soundboard_sounds": [],
    }  # fmt: skip


def ready(shard: tuple[int, ...], url: str, guilds: int) -> Json:
    listed = [{"id": str(FIRST_GUILD_ID + number), "unavailable": True} for number in range(guilds)]
    return {
        "v": 10, "user": BOT, "guilds": listed, "session_id": "load",
        "resume_gateway_url": url, "shard": list(shard), "application": {"id": str(APPLICATION_ID), "flags": 0},
        "private_channels": [],
    }  # fmt: skip


def registered(command: Json) -> Json:
    """A command as Discord gives it back."""
    filled = {"description": "", "contexts": None, "integration_types": [0], "nsfw": False, "type": 1}
    return filled | command | {"id": new_id(), "application_id": str(APPLICATION_ID), "version": new_id()}


def interaction(number: int, command: Json, guilds: int, picture: Json | None = None) -> Json:
    """Member `number` uses the command; the prompt holds the number, by which the queue's job is found. `picture` is
    the attachment for its option `image`."""
    options: list[Json] = [{"name": "prompt", "type": 3, "value": f"a cat plays the piano, job {number}"}]
    resolved: Json = {}
    if picture is not None:
        options.append({"name": "image", "type": 11, "value": picture["id"]})
        resolved = {"resolved": {"attachments": {picture["id"]: picture}}}
    name = f"member{number}"
    channel = _channel(number % guilds)
    guild_id = channel["guild_id"]
    return {
        "id": new_id(), "application_id": str(APPLICATION_ID), "type": 2, "token": f"token-{number}-{new_id()}" * 4,
        "version": 1, "channel_id": channel["id"], "channel": channel, "guild_id": guild_id,
        "guild": {"id": guild_id, "locale": "en-US", "features": []}, "guild_locale": "en-US", "locale": "en-US",
        "member": _member(user(FIRST_MEMBER_ID + number, name)), "context": 0, "app_permissions": _ALL,
        "authorizing_integration_owners": {"0": guild_id}, "entitlements": [],
        "attachment_size_limit": UPLOAD_BYTES,
        "data": {"id": command["id"], "name": command["name"], "type": 1, "options": options} | resolved,
    }  # fmt: skip


def message(message_id: str, data: Json, files: list[Json]) -> Json:
    """As Discord answers: with what was sent, and the files' addresses."""
    sent = [
        {"id": new_id(), "filename": file["filename"], "size": file["size"], "content_type": "video/mp4",
         "url": f"http://127.0.0.1:9/{file['filename']}", "proxy_url": f"http://127.0.0.1:9/{file['filename']}"}
        for file in files
    ]  # fmt: skip
    kept = [a for a in data.get("attachments") or [] if "url" in a]
    return {
        "id": message_id, "type": 20, "channel_id": str(FIRST_CHANNEL_ID), "author": BOT,
        "content": data.get("content") or "",
        "embeds": [{"type": "rich", **embed} for embed in data.get("embeds") or []], "attachments": sent or kept,
        "components": data.get("components") or [], "flags": int(data.get("flags") or 0), "mentions": [],
        "mention_roles": [], "mention_everyone": False, "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None, "tts": False, "pinned": False, "webhook_id": str(APPLICATION_ID),
        "application_id": str(APPLICATION_ID),
    }  # fmt: skip


def resource(parts: list[str]) -> Json | list[Json] | None:
    """What a GET of these steps of a path finds; None for what there is not."""
    application = {
        "id": str(APPLICATION_ID), "name": "bot", "description": "", "icon": None, "flags": 0, "bot_public": True,
        "bot_require_code_grant": False, "owner": user(FIRST_MEMBER_ID, "owner"), "verify_key": "0" * 64, "team": None,
        "summary": "", "bot": BOT, "interactions_endpoint_url": None,
    }  # fmt: skip
    match parts:
        case ["users", "@me"]:
            return BOT
        case ["oauth2", "applications", "@me"] | ["applications", "@me"]:
            return application
        case ["guilds", guild_id]:
            return guild(int(guild_id) - FIRST_GUILD_ID)
        case ["channels", channel_id]:
            return _channel(int(channel_id) - FIRST_CHANNEL_ID)
    return None
