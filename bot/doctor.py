"""`python -m bot doctor`: tries each thing that the bot needs, changes nothing, and says what to mend."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import av
import discord
from av.codec.codec import UnknownCodecError

from bot.errors import DatabaseUnavailable, QueueError, QueueJobNotFoundError, SettingsError
from bot.rules.catalog import load_catalog
from bot.rules.clock import Clock
from bot.rules.polling import Durations
from bot.settings import Settings
from bot.store.database import Database, parse_url
from bot.wiring.tools import queue_client

TIMEOUT_SECONDS = 10.0
_NO_JOB = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried; `advice` says how it is, or what to mend."""

    name: str
    fine: bool
    advice: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.fine else 'MEND'}  {self.name}: {self.advice}"


async def examine(settings: Settings, clock: Clock) -> list[Finding]:
    """Every finding, in the order in which an operator sets things up."""
    checks = (_discord(settings), _service(settings, clock), _database(settings, clock), _folder(settings), _encoder())
    return [finding for findings in await asyncio.gather(*checks) for finding in findings]


async def _discord(settings: Settings) -> list[Finding]:
    url = f"{settings.discord_api_base_url}/applications/@me"
    headers = {
        "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
        "User-Agent": "DiscordBot (Clapper)",
    }
    try:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, headers=headers) as answer:
            status = answer.status
            application = await answer.json() if status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
        return [Finding("Discord", False, f"{url} can't be reached ({type(exc).__name__}): check the network")]
    if status != 200:
        return [
            Finding("DISCORD_TOKEN", False, f"Discord refuses it (HTTP {status}): reset it in the developer portal")
        ]
    return [Finding("DISCORD_TOKEN", True, f"it is {application.get('name')}'s"), _intent(settings, application)]


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


async def _service(settings: Settings, clock: Clock) -> list[Finding]:
    """Asks about a job that can't be: whoever says "there is none" has taken the key."""
    try:
        async with queue_client(settings, load_catalog(settings.catalog_file), clock, Durations()) as queue:
            await asyncio.wait_for(queue.status(_NO_JOB), TIMEOUT_SECONDS)
    except QueueJobNotFoundError:
        pass
    except SettingsError as exc:
        return [Finding("DECART_API_KEY", False, str(exc))]
    except QueueError as exc:
        if exc.http_status in {401, 403}:
            return [Finding("DECART_API_KEY", False, f"the service refuses it (HTTP {exc.http_status}): get a new key")]
        return [Finding("video service", False, f"{settings.decart_base_url} can't be used: {exc}")]
    except TimeoutError:
        return [Finding("video service", False, f"{settings.decart_base_url} does not answer: check DECART_BASE_URL")]
    return [Finding("DECART_API_KEY", True, f"taken by {settings.decart_base_url}")]


async def _database(settings: Settings, clock: Clock) -> list[Finding]:
    try:
        url = parse_url(settings.database)
        if (
            url.get_backend_name() == "sqlite"
            and url.database
            and not await asyncio.to_thread(Path(url.database).exists)
        ):
            return [Finding("database", True, f"{url.database} is made at the first start")]
        database = Database(url, clock=clock)
        try:
            await database.check()
        finally:
            await database.close()
    except (SettingsError, DatabaseUnavailable) as exc:
        return [Finding("database", False, f"{exc} (see DATABASE_URL)")]
    return [Finding("database", True, f"{url.render_as_string(hide_password=True)} answers")]


async def _folder(settings: Settings) -> list[Finding]:
    def write() -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data_dir) as file:
            file.write(b"\0" * 4096)

    try:
        await asyncio.to_thread(write)
    except OSError as exc:
        return [Finding("DATA_DIR", False, f"{settings.data_dir} can't be written: {exc.strerror}")]
    return [Finding("DATA_DIR", True, f"{settings.data_dir.resolve()} can be written")]


async def _encoder() -> list[Finding]:
    try:
        codec = av.Codec("libx264", "w")
    except UnknownCodecError:
        return [Finding("encoder", False, "PyAV has no libx264: install its wheel with the locks in requirements/")]
    return [Finding("encoder", True, f"{codec.name} of FFmpeg {av.ffmpeg_version_info}")]
