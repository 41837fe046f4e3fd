"""Servers' limits: what members have left, what moderators give back, and the waitlist for free places."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from bot.errors import ClapperError, JobGone, RowUnreadable
from bot.rules.delivery import Announcer
from bot.rules.jobs import Requester
from bot.rules.limit_rules import OUTSIDE_OF_SERVERS, LimitBook
from bot.rules.limits import Account
from bot.rules.notices import LimitsReset
from bot.store.admission import Admission
from bot.store.jobs import Jobs
from bot.work.background import BackgroundTasks
from bot.work.engines.base import Engine
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.settings import Guilds, GuildSettingsChanged, check_admin
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
"""How often the waitlist is looked at though no place was freed: a process may have died before it could look."""

_NEAR = 10
"""Places whose every change is told; further back only each tenth is, since Discord allows few edits."""


class GuildLimits:
    """`attach` the engine before the first move, and have `task` done periodically."""

    def __init__(
        self,
        *,
        admission: Admission,
        jobs: Jobs,
        announcer: Announcer,
        guilds: Guilds,
        audit_log: AuditLog,
        background: BackgroundTasks,
        shared: bool = False,
    ) -> None:
        """`shared`: other processes let jobs wait, too, so that the waitlist is looked at whenever a place frees."""
        self._admission = admission
        self._guilds = guilds
        self._shared = shared
        self._audit_log = audit_log
        self._background = background
        self._jobs = jobs
        self._announcer = announcer
        self._engine: Engine | None = None
        self._moving = asyncio.Lock()
        self._somebody_waits = True
        self._noted = 0
        self._untold: dict[str, None] = {}
        self._telling = False
        self.task = PeriodicTask("waitlist", self._move, every=EVERY)

    @property
    def admission(self) -> Admission:
        """What decides on each new job, in the transaction that inserts it."""
        return self._admission

    def note_waiting(self) -> None:
        """A job of this process has come into the waitlist."""
        self._somebody_waits = True
        self._noted += 1

    def attach(self, engine: Engine) -> None:
        """Give it the engine, which itself says when a job has ended."""
        self._engine = engine

    async def account(self, of: Requester) -> Account:
        """How a member stands under every rule that holds for them. Raises `DatabaseUnavailable`."""
        return await self._admission.account(of, await self._book(of))

    async def forgive(self, guild_id: int, by: Requester, user_id: int) -> int:
        """Give a member back what they have used of the server's rules for each member; gives the number of jobs.

        The audit channel hears of it. Raises `AdminsOnly`, `DatabaseUnavailable`.
        """
        check_admin(guild_id, by)
        forgiven = await self._admission.forgive(guild_id, user_id)
        log.info("server %s: %s reset the limits of %s, %d jobs", guild_id, by.user_id, user_id, forgiven)
        if forgiven:
            self._audit_log.note(guild_id, LimitsReset(by=by, user_id=user_id, jobs=forgiven))
        return forgiven

    async def heed(self, event: GuildSettingsChanged) -> None:
        """Another amount may let somebody start."""
        if event.before.limits != event.after.limits:
            await self.move()

    async def freed(self) -> None:
        """A job has ended or rests: move soon, apart from whoever says so, who may be stopped in the middle."""
        if self._somebody_waits:
            self.task.wake()

    async def move(self) -> None:
        """Start the jobs for which there is room now and tell the others their places.

        An error of ours is logged: the periodic task comes to it later.
        """
        try:
            await self._move()
        except ClapperError as exc:
            log.warning("the waitlist could not move, trying again later: %s", exc)

    async def _move(self) -> None:
        async with self._moving:
            noted = self._noted
            moved = await self._admission.move_waitlist()
            self._somebody_waits = self._shared or moved.waiting or self._noted != noted  # one may have come meanwhile
        for job_id in moved.starting:
            log.info("job %s has waited and may start", job_id)
            if self._engine is not None:
                await self._engine.start(job_id)
        self._untold |= dict.fromkeys(moved.nearer)
        if self._untold and not self._telling:
            self._telling = True
            # Beside, since an edit may be slow and nobody's start waits for it.
            self._background.start(self._tell_all(), what="telling places in the waitlist")

    async def _book(self, of: Requester) -> LimitBook:
        return OUTSIDE_OF_SERVERS if of.guild_id is None else (await self._guilds.settings(of.guild_id)).limits

    async def _tell_all(self) -> None:
        """Tell places, one after the other, as they are when each one's turn has come."""
        try:
            while self._untold:
                job_id = next(iter(self._untold))
                del self._untold[job_id]
                await self._tell(job_id)
        finally:
            self._telling = False

    async def _tell(self, job_id: str) -> None:
        try:
            job = await self._jobs.get(job_id)
        except (JobGone, RowUnreadable):
            return
        if job.in_line and job.place is not None and (job.place <= _NEAR or job.place % _NEAR == 0):
            await self._announcer.show(job)
