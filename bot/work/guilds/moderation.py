"""Jobs that wait for a moderator: the row says `held`, a message in the moderators' channel asks, a button decides."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from bot.errors import (
    ClapperError,
    Failed,
    HoldSettledAlready,
    HoldUndecided,
    HoldUnseen,
    JobGone,
    JobMoved,
    ModeratorsOnly,
    PromptDenied,
    RowUnreadable,
)
from bot.rules.delivery import Announcer
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Failure, Job, JobState, Requester
from bot.rules.notices import NoticeLost, Notices
from bot.rules.prompts import judge
from bot.store.jobs import Jobs
from bot.store.notes import Notes
from bot.work.engines.base import Engine
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.settings import Guilds
from bot.work.jobs.endings import Endings

log = logging.getLogger(__name__)


class Moderation:
    """Asks and heeds the moderators. Every method may raise `DatabaseUnavailable`."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        guilds: Guilds,
        notes: Notes,
        notices: Notices,
        announcer: Announcer,
        engine: Engine,
        endings: Endings,
        limits: GuildLimits,
        audit_log: AuditLog,
    ) -> None:
        self._jobs = jobs
        self._guilds = guilds
        self._notes = notes
        self._notices = notices
        self._announcer = announcer
        self._engine = engine
        self._limits = limits
        self._audit_log = audit_log
        self._endings = endings

    async def ask(self, job: Job) -> None:
        """Have the moderators asked; a job that they can't be asked about fails, and is given back."""
        guild_id = job.requester.guild_id
        guild_settings = GuildSettings() if guild_id is None else await self._guilds.settings(guild_id)
        if guild_settings.mod_channel_id is None:
            log.warning("job %s is held, but there is no moderators' channel any more", job.id)
            await self._end(job, HoldUnseen())
            return
        try:
            found = judge(guild_settings.word_rules, job.request.inputs.prompt or "")
            pattern = "" if found is None else found.rule.pattern  # the rule may have been taken away since
            message_id = await self._notices.ask(guild_settings.mod_channel_id, job, pattern)
        except NoticeLost as exc:
            log.warning("job %s is held, but no moderator can be asked: %s", job.id, exc.reason)
            await self._end(job, HoldUnseen())
            return
        await self._notes.put(_key(job.id), f"{guild_settings.mod_channel_id}:{message_id}")

    async def resume(self) -> None:
        """Ask about what an earlier process held and did not come to ask about any more."""
        for job_id in await self._jobs.held():
            try:
                if await self._notes.get(_key(job_id)) is None:
                    await self.ask(await self._jobs.get(job_id))
            except ClapperError as exc:
                log.warning("job %s is held, and nobody was asked: %s", job_id, exc)

    async def expire(self, before: datetime) -> int:
        """End what was asked for before then and no moderator has decided on; gives their number."""
        expired = 0
        for job_id in await self._jobs.held(before=before):
            try:
                await self._end(await self._jobs.get(job_id), HoldUndecided())
            except (JobGone, JobMoved, RowUnreadable) as exc:  # decided in this very moment, or not readable
                log.warning("job %s is held too long, and did not end: %s", job_id, exc)
                continue
            await self._notes.drop(_key(job_id))
            expired += 1
        return expired

    async def forget(self, job_ids: Iterable[str]) -> None:
        """The jobs are deleted: forget where moderators were asked about them."""
        await self._notes.drop(*map(_key, job_ids))

    async def approve(self, job_id: str, by: Requester) -> Job:
        """Let the job go on, through the line like all others. Raises as `deny`."""
        job = await self._decidable(job_id, by)
        try:
            # As the first of the line: it starts in the next moment where the at-once limits have room.
            job = await self._jobs.note(job, held=False, place=1)
        except JobMoved as exc:
            raise await self._settled_already(job_id) from exc
        log.info("job %s is approved by %s", job.id, by.user_id)
        await self._limits.move()
        await self._announcer.show(await self._jobs.get(job_id))
        self._audit_log.settled(job, by, approved=True)
        await self.close_question(job, by, approved=True)
        return job

    async def deny(self, job_id: str, by: Requester) -> Job:
        """End the job, which the limits don't count. Raises `ModeratorsOnly`, `HoldSettledAlready`, `JobGone`."""
        job = await self._decidable(job_id, by)
        try:
            job = await self._end(job, PromptDenied())
        except JobMoved as exc:
            raise await self._settled_already(job_id) from exc
        log.info("job %s is denied by %s", job.id, by.user_id)
        self._audit_log.settled(job, by, approved=False)
        await self.close_question(job, by, approved=False)
        return job

    async def close_question(self, job: Job, by: Requester, *, approved: bool | None) -> None:
        """Have the question in the moderators' channel say how it ended; None: the job was cancelled."""
        asked = await self._notes.get(_key(job.id))
        if asked is None:
            return
        channel_id, _, message_id = asked.partition(":")
        await self._notices.close_question(int(channel_id), int(message_id), job, by, approved=approved)
        await self._notes.drop(_key(job.id))

    async def _end(self, job: Job, error: Failed) -> Job:
        job = await self._endings.end(job, JobState.FAILED, failure=Failure.of(error), refunded=True)
        await self._engine.start(job.id)  # which goes on telling, and forgets the inputs that it was to keep
        await self._limits.move()
        return job

    async def _decidable(self, job_id: str, by: Requester) -> Job:
        try:
            job = await self._jobs.get(job_id)
        except RowUnreadable as exc:
            raise JobGone from exc
        if not (by.moderator or by.admin) or by.guild_id is None or by.guild_id != job.requester.guild_id:
            raise ModeratorsOnly
        if not job.held:
            raise HoldSettledAlready(state=job.state.value)
        return job

    async def _settled_already(self, job_id: str) -> HoldSettledAlready:
        return HoldSettledAlready(state=(await self._jobs.get(job_id)).state.value)


def _key(job_id: str) -> str:
    return f"hold:{job_id}"
