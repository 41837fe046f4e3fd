"""The layer of Discord: the connection, the announcer and the notices."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import discord

from bot.chat.client import VideoBot, rest_client
from bot.chat.notices import DiscordNotices
from bot.chat.replies.announcer import DiscordAnnouncer
from bot.errors import SettingsError
from bot.ops.http_trace import counting
from bot.settings import Settings
from bot.wiring.process import Process

log = logging.getLogger(__name__)

GATEWAY_GRACE = timedelta(seconds=2)
"""How long the gateway may take to confirm that the connection is closed: the whole stop has ten seconds."""


_TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The client is a `VideoBot`, or in a worker one that never connects to the gateway."""

    client: discord.Client
    announcer: DiscordAnnouncer
    notices: DiscordNotices


def open_chat(process: Process) -> Chat:
    """Not logged in yet, so nothing to close yet."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
    trace = counting(process.metrics.discord_requests)
    client = _bot(process, trace) if process.gateway else rest_client(process.settings, http_trace=trace)
    return Chat(
        client=client,
        announcer=DiscordAnnouncer(client, process.catalog, clock=process.clock),
        notices=DiscordNotices(client, process.catalog, clock=process.clock),
    )


def _bot(process: Process, trace: aiohttp.TraceConfig) -> VideoBot:
    counter = process.metrics.events_unreadable
    bot = VideoBot(process.settings, unreadable=lambda event: counter.labels(event).inc(), http_trace=trace)
    for event in bot.events:
        counter.labels(event)  # there from the start, as 0
    return bot


async def log_in(client: discord.Client, settings: Settings, closing: AsyncExitStack) -> None:
    """Raises `SettingsError` where Discord refuses the token, can't be reached, or is something else."""
    address = settings.discord_api_base_url
    if not isinstance(client, VideoBot):  # a worker: to have its token looked at is not to be logged in
        logging.getLogger("discord.client").setLevel(logging.WARNING)
    # From here on it can be closed: discord.py makes what its `close` needs first of all in `login`.
    closing.push_async_callback(_log_out, client)
    try:
        await client.login(settings.discord_token.get_secret_value())
    except discord.LoginFailure:
        raise SettingsError(
            "Discord refuses DISCORD_TOKEN: copy it anew from the developer portal (your application, Bot, Reset Token)"
        ) from None
    except (OSError, aiohttp.ClientError, discord.DiscordServerError, discord.GatewayNotFound) as exc:
        raise SettingsError(f"Discord can't be reached at {address}: {exc}") from exc
    except discord.HTTPException as exc:
        advice = "wait some minutes" if exc.status == _TOO_MANY else "check DISCORD_API_BASE_URL"
        raise SettingsError(f"Discord at {address} answers HTTP {exc.status}: {advice}") from exc
    except (TypeError, KeyError) as exc:
        if client.application is not None:  # then it is a mistake of ours, in what follows
            raise
        raise SettingsError(f"{address} does not answer as Discord does: check DISCORD_API_BASE_URL") from exc


async def _log_out(client: discord.Client) -> None:
    try:
        await asyncio.wait_for(client.close(), GATEWAY_GRACE.total_seconds())
    except TimeoutError:
        log.warning("Discord did not confirm in time that the connection is closed")
