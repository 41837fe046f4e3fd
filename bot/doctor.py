"""`python -m bot doctor`: tries each thing that the bot needs, changes nothing, and says what to mend."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import discord

from bot.errors import DatabaseUnavailable, FilesUnavailable, QueueError, QueueJobNotFoundError, SettingsError
from bot.fal import FalJob
from bot.files import open_files
from bot.media.guard import ChildFailed, Guard
from bot.media.walls import WALLS, Bounds
from bot.media.workers import Workers
from bot.ops.metrics import Metrics
from bot.rules.catalog import Model, Operation, load_catalog
from bot.rules.clock import Clock
from bot.rules.durations import Durations
from bot.rules.limit_rules import operator_rules
from bot.rules.unlimited import unlimited
from bot.settings import Settings
from bot.store.database import Database, parse_url
from bot.store.encryption import Keys
from bot.wiring.context import fal_client, queue_client, video_services
from bot.wiring.findings import Finding, check_clock, check_disk, check_settings
from bot.wording import translated
from bot.wording.facts import plain
from bot.work.jobs.model_check import Verdict, ask_services

TIMEOUT_SECONDS = 10.0
NEEDED = (
    "view_channel", "send_messages", "send_messages_in_threads", "embed_links", "attach_files", "read_message_history",
)  # fmt: skip
"""What the invitation in README.md asks for."""
_NO_JOB = "00000000-0000-0000-0000-000000000000"
_FAL_APP = "fal-ai/veo3.1"
_SERVERS_NAMED = 5
_WITHOUT_MODEL = "set the key of the other service, or add a model in CATALOG_FILE"


async def examine(settings: Settings, clock: Clock, wrong: Sequence[str] = ()) -> list[Finding]:
    """Every finding, in the order in which an operator sets things up. `wrong` says what is wrong with the settings, in
    whose places there are defaults."""
    checks = (
        _discord(settings), _catalog(settings), _service(settings, clock), _fal(settings, clock),
        _database(settings, clock), _folder(settings), check_disk(settings), _files(settings),
        _keys(settings), check_clock(settings, clock), _media(),
    )  # fmt: skip
    found = [finding for findings in await asyncio.gather(*checks) for finding in findings]
    return [*check_settings(list(wrong)), *found]


async def _discord(settings: Settings) -> list[Finding]:
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


async def _catalog(settings: Settings) -> list[Finding]:
    """Of a catalogue that can be read, what no limit sees."""
    try:
        catalog = load_catalog(settings.catalog_file, settings.services)
    except SettingsError as exc:
        return [Finding("CATALOG_FILE", False, str(exc).removeprefix("CATALOG_FILE "))]
    lacking = list(unlimited(operator_rules(settings.operator_limits), catalog))
    advice = "; ".join(lacking) or settings.operator_limits
    return [Finding("OPERATOR_LIMITS", True, advice, partly=bool(lacking))]


async def _service(settings: Settings, clock: Clock) -> list[Finding]:
    """Nothing to say without a key. Asks about a job that can't be: whoever says "there is none" has taken the key."""
    if "decart" not in settings.services:
        return []
    try:
        async with queue_client(settings, load_catalog(), clock, Durations()) as queue:
            await asyncio.wait_for(queue.status(_NO_JOB), TIMEOUT_SECONDS)
    except QueueJobNotFoundError:
        pass
    except SettingsError as exc:
        return [Finding("video service", False, str(exc))]
    except QueueError as exc:
        if exc.http_status in {401, 403}:
            return [Finding("DECART_API_KEY", False, f"the service refuses it (HTTP {exc.http_status}): get a new key")]
        return [Finding("video service", False, f"{settings.decart_base_url} can't be used: {exc}")]
    except TimeoutError:
        return [Finding("video service", False, f"{settings.decart_base_url} does not answer: check DECART_BASE_URL")]
    return [Finding("DECART_API_KEY", True, f"taken by {settings.decart_base_url}")]


async def _fal(settings: Settings, clock: Clock) -> list[Finding]:
    """Nothing to say without a key. Asks about a request that can't be: a submit might be queued, and paid for."""
    if "fal" not in settings.services:
        return []
    try:
        async with fal_client(settings, clock, Durations()) as fal:
            await asyncio.wait_for(fal.status(FalJob(_FAL_APP, _NO_JOB)), TIMEOUT_SECONDS)
    except QueueJobNotFoundError:
        pass
    except SettingsError as exc:
        return [Finding("FAL_KEY", False, str(exc).removeprefix("FAL_KEY, "))]
    except QueueError as exc:
        if exc.http_status in {401, 403}:
            return [Finding("FAL_KEY", False, f"the service refuses it (HTTP {exc.http_status}): get a new key")]
        return [Finding("FAL_KEY", False, f"{settings.fal_base_url} can't be used: {exc}")]
    except TimeoutError:
        return [Finding("FAL_KEY", False, f"{settings.fal_base_url} does not answer: check FAL_BASE_URL")]
    return [Finding("FAL_KEY", True, f"taken by {settings.fal_base_url}")]


async def model_table(settings: Settings, clock: Clock) -> list[str]:
    """A line for each command, what serves it, and a line for each model. Empty where the settings can't be used."""
    try:
        catalog = load_catalog(settings.catalog_file, settings.services)
        async with AsyncExitStack() as closing:
            services = await video_services(settings, catalog, clock, Durations(), closing, metrics=Metrics())
            verdicts = await ask_services(services, catalog, seconds=TIMEOUT_SECONDS)
    except SettingsError:
        return []
    lines = ["", f"{'command':9} {'model':22} {'service':8} served"]
    for operation in Operation:
        models = catalog.of(operation)
        lines += [_model_line(model, verdicts[model.name]) for model in models]
        if not any(verdicts[model.name] is True for model in models):
            lines.append(f"/{operation:8} {'-':22} {'-':8} no model: {_WITHOUT_MODEL}")
    return lines


def _model_line(model: Model, verdict: Verdict) -> str:
    usual = " (the usual one)" if model.default else ""
    if verdict is True:
        said = f"yes{usual}"
    elif verdict is False:
        said = f"no{usual}" + (f", last seen {model.last_seen}" if model.last_seen else "")
    else:
        said = f"not known{usual}: {verdict}"
    return f"/{model.operation:8} {model.name:22} {model.service:8} {said}"


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
    return [await _writable("DATA_DIR", settings.data_dir)]


async def _writable(name: str, folder: Path) -> Finding:
    """Tried in the folder, or where it would be made."""

    def write() -> Path:
        place = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0" * 4096)
        return folder.resolve()

    try:
        return Finding(name, True, f"{await asyncio.to_thread(write)} can be written")
    except OSError as exc:
        return Finding(name, False, f"{folder} can't be written: {exc.strerror}")


async def _files(settings: Settings) -> list[Finding]:
    """Nothing to say where they are in `DATA_DIR`."""
    address = settings.files_url
    if not address:
        return []
    if (parts := urlsplit(address)).scheme == "file" and parts.path:
        return [await _writable("FILES_URL", Path(unquote(parts.path)))]
    try:
        await asyncio.wait_for(open_files(address, settings.data_dir).keys("doctor"), TIMEOUT_SECONDS)
    except SettingsError as exc:
        return [Finding("FILES_URL", False, str(exc).removeprefix("FILES_URL "))]
    except TimeoutError:
        return [Finding("FILES_URL", False, f"{address} does not answer: check AWS_ENDPOINT_URL and the network")]
    except FilesUnavailable as exc:
        advice = f"{address} can't be used: check the bucket and the AWS_ variables ({exc})"
        return [Finding("FILES_URL", False, advice)]
    return [Finding("FILES_URL", True, f"{address} answers")]


async def _keys(settings: Settings) -> list[Finding]:
    """Nothing to say where they are still to be made."""
    made = await asyncio.to_thread((settings.data_dir / "secret.key").exists)
    if not settings.secret_keys and not made:
        return []
    try:
        await asyncio.to_thread(Keys.open, settings.secret_keys, settings.data_dir)
    except SettingsError as exc:
        return [Finding("SECRET_KEYS", False, str(exc).removeprefix("SECRET_KEYS "))]
    return [Finding("SECRET_KEYS", True, "they can be used")]


async def _media() -> list[Finding]:
    """Asks a media child: what it finds is what members' files are opened with."""
    workers = Workers()
    guard = Guard(workers, bounds=Bounds(wall_seconds=TIMEOUT_SECONDS))
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = await guard.run("encoder", Path(folder))
    except (ChildFailed, OSError) as exc:
        return [Finding("encoder", False, f"PyAV can't be used ({exc}): install it with the locks in requirements/")]
    finally:
        await workers.close()
    if found["found"] is None:
        encoder = Finding("encoder", False, "PyAV has no libx264: install its wheel with the locks in requirements/")
    else:
        encoder = Finding("encoder", True, f"{found['found']} of FFmpeg {found['ffmpeg']}")
    return [encoder, _walls(guard.missing or ())]


def _walls(missing: Sequence[str]) -> Finding:
    """Nothing to mend where some are missing: they are the system's, and it goes on with those that there are."""
    if not missing:
        return Finding("strangers' files", True, "their processes are walled in")
    lacking = ", ".join(WALLS[name] for name in missing if name in WALLS)
    advice = f"walled in partly; this system lacks: {lacking} (docs/operators.md, Strangers' files)"
    return Finding("strangers' files", True, advice, partly=True)
