"""What `clapper doctor` finds, and those of its checks that are about the machine and the operator's own choices."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from bot.rules.clock import Clock
from bot.rules.unencrypted import unencrypted
from bot.settings import Settings

CLOCK_OFF_BY = timedelta(seconds=20)
"""Times in links and the reader's stamps may be wrong by so much; bucket stores refuse us at 15 minutes."""
LEAST_FREE_BYTES = 500 * 1024**2
_GB = 1024**3
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried; `advice` says how it is, or what to mend. `partly`: it works, and could be
    better."""

    name: str
    fine: bool
    advice: str
    partly: bool = False

    def __str__(self) -> str:
        mark = "MEND" if not self.fine else "part" if self.partly else "ok  "
        return f"{mark}  {self.name}: {self.advice}"


async def check_disk(settings: Settings) -> list[Finding]:
    """Room where `DATA_DIR` is, or will be."""
    folder = settings.data_dir.absolute()

    def free() -> int:
        return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free

    try:
        free_bytes = await asyncio.to_thread(free)
    except OSError as exc:
        return [Finding("disk", False, f"{folder} can't be looked at: {exc.strerror}")]
    room = f"{free_bytes / _GB:.1f} GB free where DATA_DIR is"
    if free_bytes < LEAST_FREE_BYTES:
        return [Finding("disk", False, f"only {room}: make room, or choose another DATA_DIR")]
    wanted = 2 * settings.max_result_bytes
    if free_bytes < wanted:
        advice = f"{room}; the largest result (MAX_RESULT_BYTES) would need {wanted / _GB:.1f} GB"
        return [Finding("disk", True, advice, partly=True)]
    return [Finding("disk", True, room)]


async def check_clock(settings: Settings, clock: Clock) -> list[Finding]:
    """This machine's time beside that of Discord's answer; nothing to say where there is none."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{settings.discord_api_base_url}/gateway", allow_redirects=False) as answer,
        ):
            theirs = parsedate_to_datetime(answer.headers["Date"])
            off = clock.now() - theirs
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError, TypeError):
        return []
    seconds = round(off.total_seconds())
    if abs(off) > CLOCK_OFF_BY:
        way = "ahead of" if seconds > 0 else "behind"
        return [Finding("clock", False, f"{abs(seconds)} s {way} Discord's: have the system set it (NTP)")]
    return [Finding("clock", True, "within seconds of Discord's")]


def check_encryption(settings: Settings) -> list[Finding]:
    """Nothing to say where no key leaves this machine readable."""
    return [Finding("encryption", True, line, partly=True) for line in unencrypted(settings.keyed_addresses)]


def check_settings(wrong: list[str]) -> list[Finding]:
    """One for each setting that is wrong or missing; the other checks go on with its default."""
    return [Finding("settings", False, line) for line in wrong] or [Finding("settings", True, _where())]


def _where() -> str:
    env = Path(".env")
    return f"from {env.absolute()} and the environment" if env.is_file() else "from the environment; no .env here"
