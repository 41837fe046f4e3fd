"""The text of a settings file that an admin sent."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

import discord

from bot.chat.client_base import ClientBase
from bot.chat.panel.forms import FILE_MAX_BYTES, SentFile

log = logging.getLogger(__name__)

_FETCH_SECONDS = 20.0


async def text_of(file: SentFile | None, bot: ClientBase) -> str | None:
    """None where it can't be had, is none, or is too large."""
    hosts = bot.settings.discord_cdn_hosts
    if file is None or file.size_bytes > FILE_MAX_BYTES or urlsplit(file.url).netloc not in hosts:
        return None
    try:
        raw = await asyncio.wait_for(bot.http.get_from_cdn(file.url), _FETCH_SECONDS)
        return raw.decode("utf-8")
    except (discord.HTTPException, OSError, TimeoutError, UnicodeDecodeError) as exc:
        log.info("a settings file was not read: %s", type(exc).__name__)
        return None
