"""Jobs that wait for a moderator: the row says `held`, a message in the moderators' channel asks, a button decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

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
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Failure, Job, JobState, Requester
from bot.rules.limit_rules import Block
from bot.rules.notices import HoldOutcome, NoticeLost, Notices
from bot.rules.prompts import judge
from bot.store.notes import Notes
from bot.wording import say
from bot.work.engines.base import Engine
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.held_pictures import held_pictures
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.settings import Guilds, check_moderator
from bot.work.jobs.context import JobContext
from bot.work.jobs.endings import Endings
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

REASON_MAX_CHARS = 300
BLOCKED_FOR = timedelta(days=1)
RESUME_EVERY = timedelta(minutes=1)
ASKING_FOR = timedelta(minutes=1)
"""For so long a process that has begun to ask is left to it. One that died is followed by another, and Discord knows
the question again for some minutes, so that it stays one message."""
_ASKING = "asking:"
_PATTERNS_KEPT = 1000


class Moderation:
    """Asks and heeds the moderators. Every method may raise `DatabaseUnavailable`."""

    def __init__(
        self,
        *,
        context: JobContext,
        guilds: Guilds,
        notes: Notes,
        notices: Notices,
        engine: Engine,
        endings: Endings,
        limits: GuildLimits,
        audit_log: AuditLog,
    ) -> None:
        self._context = context
        self._jobs = context.jobs
        self._guilds = guilds
        self._notes = notes
        self._notices = notices
        self._announcer = context.announcer
        self._engine = engine
        self._limits = limits
        self._audit_log = audit_log
        self._endings = endings
        self._patterns: dict[str, str] = {}
        self.task = PeriodicTask("held_jobs", self.resume, every=RESUME_EVERY, shared=True)

    def expect(self, job_id: str, pattern: str) -> None:
        """This rule holds the job, so that its prompt need not be judged again for the question."""
        self._patterns[job_id] = pattern
        if len(self._patterns) > _PATTERNS_KEPT:
            del self._patterns[next(iter(self._patterns))]

    async def ask_soon(self, job: Job) -> None:
        """Have `ask` done beside: the moderators' channel may be slow."""
        self._context.background.start(self.ask(job), what=f"asking about held job {job.id}")

    async def ask(self, job: Job) -> None:
        """Have the moderators asked, once, whoever calls this how often; a job that they can't be asked about fails,
        and is given back."""
        guild_id = job.requester.guild_id
        guild_settings = GuildSettings() if guild_id is None else await self._guilds.settings(guild_id)
        if guild_settings.mod_channel_id is None:
            log.warning("job %s is held, but there is no moderators' channel any more", job.id)
            await self._end(job, HoldUnseen())
            return
        if not await self._may_ask(job):
            return
        try:
            pattern = await self._pattern(job, guild_settings)
            async with held_pictures(job, self._context) as pictures:
                message_id = await self._notices.ask(guild_settings.mod_channel_id, job, pattern, pictures)
        except NoticeLost as exc:
            log.warning("job %s is held, but no moderator can be asked: %s", job.id, exc.reason)
            await self._end(job, HoldUnseen())
            await self._notes.drop(_key(job.id))
            return
        await self._notes.put(_key(job.id), f"{guild_settings.mod_channel_id}:{message_id}")

    async def resume(self) -> None:
        """Ask about what is held and was not asked about: its process died, or an outage came in between."""
        for job_id in await self._jobs.held():
            try:
                if not _names_a_message(await self._notes.get(_key(job_id))):
                    await self._engine.start(job_id)  # which keeps the inputs and comes to `ask`
            except ClapperError as exc:
                log.warning("job %s is held, and nobody was asked: %s", job_id, exc)

    async def expire(self, before: datetime) -> int:
        """End what was asked for before then and no moderator has decided on; gives their number."""
        expired = 0
        for job_id in await self._jobs.held(before=before):
            try:
                job = await self._end(await self._jobs.get(job_id), HoldUndecided())
            except (JobGone, JobMoved, RowUnreadable) as exc:  # decided in this very moment, or not readable
                log.warning("job %s is held too long, and did not end: %s", job_id, exc)
                continue
            await self.close_question(job, HoldOutcome.EXPIRED)
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
        await self._settled(job, HoldOutcome.APPROVED, by)
        return job

    async def deny(self, job_id: str, by: Requester, *, reason: str = "", block: bool = False) -> Job:
        """End the job, which the limits don't count; its member is told the `reason`. `block`: they may make nothing in
        this server for a day. Raises `ModeratorsOnly`, `HoldSettledAlready`, `JobGone`, and for a block that can't be
        saved what `Guilds.block` raises: then the job has ended all the same."""
        job = await self._decidable(job_id, by)
        reason = " ".join(reason.split())[:REASON_MAX_CHARS]
        try:
            job = await self._end(job, PromptDenied(reason=reason))
        except JobMoved as exc:
            raise await self._settled_already(job_id) from exc
        log.info("job %s is denied by %s", job.id, by.user_id)
        try:
            if block:
                await self._block(job, by)
        except ClapperError:
            block = False
            raise
        finally:
            await self._settled(job, HoldOutcome.BLOCKED if block else HoldOutcome.DENIED, by, reason)
        return job

    async def close_question(
        self, job: Job, decision: HoldOutcome, by: Requester | None = None, reason: str = ""
    ) -> None:
        """Have the question in the moderators' channel say how it ended."""
        asked = await self._notes.get(_key(job.id)) or ""
        if _names_a_message(asked):
            channel_id, _, message_id = asked.partition(":")
            await self._notices.close_question(
                int(channel_id), int(message_id), job, decision=decision, by=by, reason=reason
            )
        await self._notes.drop(_key(job.id))

    async def _may_ask(self, job: Job) -> bool:
        """Whether this call is to ask; from now on it is under way."""
        known = await self._notes.get(_key(job.id))
        if _names_a_message(known):
            return False
        now = self._context.clock.now()
        given_up = f"{_ASKING}{(now - ASKING_FOR).isoformat()}"
        return await self._notes.replace_older(_key(job.id), f"{_ASKING}{now.isoformat()}", than=given_up)

    async def _pattern(self, job: Job, guild_settings: GuildSettings) -> str:
        """The rule that holds the job; empty where it was taken away since."""
        known = self._patterns.pop(job.id, None)
        if known is not None:
            return known
        found = await asyncio.to_thread(judge, guild_settings.word_rules, job.request.inputs.prompt or "")
        return "" if found is None else found.rule.pattern

    async def _block(self, job: Job, by: Requester) -> None:
        reason = say("hold_block_reason", job.requester.guild_locale)
        until = self._context.clock.now() + BLOCKED_FOR
        await self._guilds.block(by.guild_id or 0, by, Block(user_id=job.requester.user_id, reason=reason, until=until))

    async def _settled(self, job: Job, decision: HoldOutcome, by: Requester, reason: str = "") -> None:
        self._audit_log.settled(job, by, decision, reason)
        await self.close_question(job, decision, by, reason)

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
        try:
            check_moderator(job.requester.guild_id, by)
        except ModeratorsOnly:
            log.warning("job %s: %s of server %s may not decide on it", job.id, by.user_id, by.guild_id)
            raise
        if not job.held:
            raise HoldSettledAlready(state=job.state.value)
        return job

    async def _settled_already(self, job_id: str) -> HoldSettledAlready:
        return HoldSettledAlready(state=(await self._jobs.get(job_id)).state.value)


def _key(job_id: str) -> str:
    return f"hold:{job_id}"


def _names_a_message(note: str | None) -> bool:
    return bool(note) and not str(note).startswith(_ASKING)
