"""`python -m bot doctor`: tries each thing that the bot needs, changes nothing, and says what to mend."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.errors import DatabaseUnavailable, FilesUnavailable, SettingsError
from bot.files import open_files
from bot.media.guard import ChildFailed, Guard
from bot.media.walls import WALLS, Bounds
from bot.media.workers import Workers
from bot.rules.catalog import load_catalog
from bot.rules.clock import Clock
from bot.rules.limit_rules import operator_rules
from bot.rules.unlimited import unlimited
from bot.settings import Settings
from bot.store.database import Database, parse_url
from bot.store.encryption import Keys
from bot.wiring.discord_findings import check_discord
from bot.wiring.findings import TIMEOUT_SECONDS, Finding, check_clock, check_disk, check_encryption, check_settings
from bot.wiring.service_findings import check_services


async def examine(settings: Settings, clock: Clock, wrong: Sequence[str] = ()) -> list[Finding]:
    """Every finding, in the order in which an operator sets things up. `wrong` says what is wrong with the settings, in
    whose places there are defaults."""
    checks = (
        check_discord(settings), _catalog(settings), check_services(settings, clock),
        _database(settings, clock), _folder(settings), check_disk(settings), _files(settings),
        _keys(settings), check_clock(settings, clock), _media(),
    )  # fmt: skip
    found = [finding for findings in await asyncio.gather(*checks) for finding in findings]
    return [*check_settings(list(wrong)), *check_encryption(settings), *found]


async def _catalog(settings: Settings) -> list[Finding]:
    """Of a catalogue that can be read, what no limit sees."""
    try:
        catalog = load_catalog(settings.catalog_file, settings.services)
    except SettingsError as exc:
        return [Finding("CATALOG_FILE", False, str(exc).removeprefix("CATALOG_FILE "))]
    lacking = list(unlimited(operator_rules(settings.operator_limits), catalog))
    advice = "; ".join(lacking) or settings.operator_limits
    return [Finding("OPERATOR_LIMITS", True, advice, partly=bool(lacking))]


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
