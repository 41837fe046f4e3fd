"""What a server's moderators can read up afterwards, in the audit channel, and who is pinged when a job was slow.

Everything here happens beside the jobs, never holds one up, and is tried once: an audit channel is a convenience, the
rows are the truth. A channel that refuses us several times in a row is left alone until an admin chooses it again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from bot.rules.guild_settings import PING_AFTER, GuildSettings
from bot.rules.jobs import Job, JobState, Requester
from bot.rules.notices import (
    Entry,
    HoldOutcome,
    HoldSettled,
    JobEnded,
    NoticeLost,
    Notices,
    PromptNoted,
    SettingsChanged,
)
from bot.rules.prompts import WordAction
from bot.store.notes import Notes
from bot.work.background import BackgroundTasks
from bot.work.guilds.settings import Guilds, GuildSettingsChanged, check_admin

log = logging.getLogger(__name__)

REFUSALS_MAX = 3
"""Final refusals in a row after which an audit channel is left alone: Discord bans addresses that are refused often."""

UNDER_WAY_MAX = 500
"""Tasks in the background at most; an entry that comes beyond that is dropped, with a line in the log."""


class AuditLog:
    """Posts in the background."""

    def __init__(self, *, guilds: Guilds, notes: Notes, notices: Notices, background: BackgroundTasks) -> None:
        self._guilds = guilds
        self._notes = notes
        self._notices = notices
        self._refusals: Counter[int] = Counter()
        self._background = background

    async def ended(self, job: Job) -> None:
        """A job has come to its end: for the audit channel, and for who waited long."""
        if job.requester.guild_id is not None:
            self.note(job.requester.guild_id, JobEnded(job=job))
        self._begin(self._ping(job))

    def note(self, guild_id: int | None, entry: Entry) -> None:
        """Have the entry posted where the server has an audit channel."""
        if guild_id is not None:
            self._begin(self._record(guild_id, entry))

    async def amended(self, event: GuildSettingsChanged) -> None:
        """The settings were changed; another audit channel starts afresh, and the old one is told last of all."""
        entry = SettingsChanged(by=event.by, version=event.after.version, changes=event.changes)
        before, after = event.before.audit_channel_id, event.after.audit_channel_id
        if before != after:
            await self._start_afresh(event.guild_id)
            if before is not None:
                self._begin(self._post(event.guild_id, before, entry))
        if event.changes:
            self.note(event.guild_id, entry)

    def settled(self, job: Job, by: Requester, decision: HoldOutcome, reason: str) -> None:
        """A moderator has decided on a held job."""
        self.note(job.requester.guild_id, HoldSettled(job=job, by=by, decision=decision, reason=reason))

    async def silenced(self, guild_id: int) -> str | None:
        """Why nothing is posted in the audit channel any more (a short word); None where all is well."""
        guild_settings = await self._guilds.settings(guild_id)
        channel, _, reason = (await self._notes.get(_key(guild_id)) or "").partition(":")
        return reason if channel == str(guild_settings.audit_channel_id) else None

    async def reopen(self, guild_id: int, by: Requester) -> None:
        """Try the audit channel again. Raises `AdminsOnly`."""
        check_admin(guild_id, by)
        await self._start_afresh(guild_id)

    async def _start_afresh(self, guild_id: int) -> None:
        self._refusals.pop(guild_id, None)
        await self._notes.drop(_key(guild_id))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._background) >= UNDER_WAY_MAX:
            work.close()
            log.warning("a notice was dropped: %d wait for Discord already", UNDER_WAY_MAX)
            return
        self._background.start(work, what="a notice")

    async def _record(self, guild_id: int, entry: Entry) -> None:
        guild_settings = await self._guilds.settings(guild_id)
        channel_id = guild_settings.audit_channel_id
        if channel_id is None or await self.silenced(guild_id) is not None:
            return
        if channel_id == guild_settings.mod_channel_id and _is_about_a_question(entry):
            return  # the question stands there, and is edited once it is decided
        await self._post(guild_id, channel_id, entry)

    async def _post(self, guild_id: int, channel_id: int, entry: Entry) -> None:
        try:
            await self._notices.record(guild_id, channel_id, entry)
        except NoticeLost as exc:
            log.info("server %s: the audit channel was not reached: %s", guild_id, exc.reason)
            if exc.final:
                await self._refused(guild_id, channel_id, exc.reason)
        else:
            self._refusals.pop(guild_id, None)

    async def _refused(self, guild_id: int, channel_id: int, reason: str) -> None:
        self._refusals[guild_id] += 1
        if self._refusals[guild_id] >= REFUSALS_MAX:
            log.warning("server %s: the audit channel is left alone from now on: %s", guild_id, reason)
            await self._notes.put(_key(guild_id), f"{channel_id}:{reason}")

    async def _ping(self, job: Job) -> None:
        told = job.state in {JobState.DELIVERED, JobState.FAILED} and job.ended_at is not None
        if not told or job.ended_at is None or job.ended_at - job.accepted_at <= PING_AFTER:
            return
        guild_id = job.requester.guild_id
        guild_settings = GuildSettings() if guild_id is None else await self._guilds.settings(guild_id)
        if guild_settings.ping_when_slow:
            await self._notices.ping(job)


def _is_about_a_question(entry: Entry) -> bool:
    """Whether moderators read the same in the question that they are asked."""
    held = isinstance(entry, PromptNoted) and entry.verdict.action is WordAction.HOLD
    return held or isinstance(entry, HoldSettled)


def _key(guild_id: int) -> str:
    return f"audit_off:{guild_id}"
