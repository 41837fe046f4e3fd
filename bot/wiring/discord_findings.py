"""What `doctor` finds out from Discord: the token, the intent, the permissions in each server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
import discord

from bot.settings import Settings
from bot.wiring.findings import TIMEOUT_SECONDS, Finding
from bot.wording import translated
from bot.wording.facts import plain

NEEDED = (
    "view_channel", "send_messages", "send_messages_in_threads", "embed_links", "attach_files", "read_message_history",
)  # fmt: skip
"""What the invitation in README.md asks for."""
_SERVERS_NAMED = 5


async def check_discord(settings: Settings) -> list[Finding]:
    """Nothing to say without a token: the settings' finding says so."""
    if not settings.discord_token.get_secret_value():
        return []
    headers = {
        "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
        "User-Agent": "DiscordBot (Clapper)",
    }
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        application = await _ask(session, f"{settings.discord_api_base_url}/applications/@me", dict)
        if isinstance(application, Finding):
            return [application]
        servers = await _ask(session, f"{settings.discord_api_base_url}/users/@me/guilds?limit=200", list)
    return [
        Finding("DISCORD_TOKEN", True, f"it is {plain(str(application.get('name')))}'s"),
        _intent(settings, application),
        Finding("invitation", True, invitation(str(application.get("id")))),
        servers if isinstance(servers, Finding) else _permissions(servers),
    ]


async def _ask(session: aiohttp.ClientSession, url: str, kind: type) -> Any:
    """What Discord answers, a `kind`, or the `Finding` that it amounts to."""
    status = 0
    try:
        async with session.get(url, allow_redirects=False) as answer:
            status = answer.status
            if status in {401, 403}:
                advice = f"Discord refuses it (HTTP {status}): reset it in the developer portal"
                return Finding("DISCORD_TOKEN", False, advice)
            found = await answer.json() if status == 200 else None
    except (aiohttp.ClientConnectionError, TimeoutError) as exc:
        return Finding("Discord", False, f"{url} can't be reached ({type(exc).__name__}): check the network")
    except (aiohttp.ClientError, ValueError):
        found = None
    if isinstance(found, kind):
        return found
    if status == 429 or status >= 500:
        return Finding("Discord", False, f"{url} answers HTTP {status}: wait and try again")
    return Finding("Discord", False, f"{url} does not answer as Discord does: check DISCORD_API_BASE_URL")


def invitation(application_id: str) -> str:
    """The address that invites the bot with what it needs and nothing else."""
    permissions = discord.Permissions(**dict.fromkeys(NEEDED, True))
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application_id, permissions=permissions, scopes=scopes)


def _permissions(servers: Sequence[dict[str, Any]]) -> Finding:
    """By the bot's roles; what a channel takes away, members are told there."""
    if not servers:
        return Finding("permissions", True, "it is in no server yet: invite it with the link above")
    lacking = [f"{plain(str(server.get('name')))} ({words})" for server in servers if (words := _missing(server))]
    if not lacking:
        return Finding("permissions", True, f"it has what it needs, in {len(servers)} servers")
    more = f" and {len(lacking) - _SERVERS_NAMED} more" * (len(lacking) > _SERVERS_NAMED)
    advice = "allow it in Server Settings, Roles, or invite it anew with the link above"
    return Finding("permissions", False, f"missing in {', '.join(lacking[:_SERVERS_NAMED])}{more}: {advice}")


def _missing(server: dict[str, Any]) -> str:
    bits = str(server.get("permissions") or "0")
    held = discord.Permissions(int(bits) if bits.isdecimal() else 0)
    names = [] if held.administrator else [name for name in NEEDED if not getattr(held, name)]
    return ", ".join(translated(f"permission_{name}", "en-US") for name in names)


def _intent(settings: Settings, application: dict[str, object]) -> Finding:
    bits = application.get("flags")
    flags = discord.ApplicationFlags._from_value(bits if isinstance(bits, int) else 0)  # noqa: SLF001  # its only way in
    granted = flags.gateway_message_content or flags.gateway_message_content_limited
    name, wanted = "message content intent", settings.message_content_intent
    if granted:
        return Finding(
            name, True, "granted" + (", but MESSAGE_CONTENT_INTENT=off leaves it unused" * (wanted == "off"))
        )
    if wanted == "on":
        return Finding(
            name, False, "MESSAGE_CONTENT_INTENT=on, but it is off in the developer portal (Bot): switch it on"
        )
    return Finding(name, True, "not granted: replies such as “/animate …” need a mention of the bot, the rest works")
