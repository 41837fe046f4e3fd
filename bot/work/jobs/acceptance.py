"""Where a request becomes a job: every rule is asked from memory, then one transaction decides the limits and writes
the row."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bot.errors import DatabaseUnavailable, JobMoved, Refused, ShuttingDown
from bot.ops.job_fields import JOB_FIELDS
from bot.rules.catalog import Role
from bot.rules.jobs import Job, JobState, Reply, Requester, StoredFile
from bot.rules.requests import VideoRequest
from bot.work.engines.base import Engine, run_to_its_end
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.moderation import Moderation
from bot.work.guilds.policy import Permitted, Policy
from bot.work.jobs.context import JobContext
from bot.work.jobs.inputs import check_declared, clip_seconds, declared_seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prechecked:
    """A request that everything in memory lets through. `again_of` and `stored`: the job that it repeats, and that
    one's inputs, which are to be copied."""

    permitted: Permitted
    requester: Requester
    again_of: str | None = None
    stored: Mapping[Role, StoredFile] | None = None


class Acceptance:
    """In this order: `precheck`, `accept`, and once the reply is there `begin`, or `withdraw` if it can't be.

    Each `Refused` is counted by its rule.
    """

    def __init__(
        self,
        *,
        context: JobContext,
        engine: Engine,
        limits: GuildLimits,
        policy: Policy,
        moderation: Moderation,
    ) -> None:
        self._context = context
        self._engine = engine
        self._limits = limits
        self._policy = policy
        self._moderation = moderation
        self._random = random.SystemRandom()
        self._open = True

    async def close(self) -> None:
        """From now on everything new is refused with `ShuttingDown`."""
        self._open = False

    def precheck(self, request: VideoRequest, requester: Requester, *, again_of: Job | None = None) -> Prechecked:
        """Raise every `Refused` that needs no look into the database; waits for nothing.

        `again_of` is the job that is repeated, perhaps with changes: from the inputs that are kept of it, which are as
        its model takes them, and for another model from the files themselves.
        """
        with self._counted():
            if not self._open:
                raise ShuttingDown
            model = self._context.catalog.get(request.model)  # an old card's Again may be of one that was taken out
            self._policy.check_served(model, requester)
            kept = again_of is not None and again_of.request.model == request.model
            if not kept:
                check_declared(request.files, model, max_bytes=self._context.settings.max_input_bytes)
            return Prechecked(
                permitted=self._policy.permit(request, requester),
                requester=requester,
                again_of=None if again_of is None else again_of.id,
                stored=again_of.stored if again_of is not None and kept else None,
            )

    async def accept(self, checked: Prechecked, reply: Reply) -> Job:
        """Write the row, admitted by the limits, in one transaction. Nothing runs before `begin`.

        Raises the `Refused` of a limit, `AlreadyAsked` where what the reply answers has a job (then there is no new
        row), and `DatabaseUnavailable`.
        """
        requester = checked.requester
        with self._counted():
            permitted = await self._policy.still_permits(checked.permitted, requester)
            job = await self._context.jobs.insert(
                self._new_job(checked, permitted, reply),
                admission=self._limits.admission,
                book=self._policy.limit_book(requester),
                companion=self._engine.companion,
            )
        if not permitted.held and job.place is not None:
            self._limits.note_waiting()
        self._policy.record(permitted, requester)
        if permitted.held and permitted.verdict is not None:
            self._moderation.expect(job.id, permitted.verdict.rule.pattern)
        model = job.request.model
        self._context.metrics.accepted.labels(model).inc()
        JOB_FIELDS.note(job, self._context.catalog.get(model).service)
        log.info("job %s is accepted: %s by %s in %s", job.id, model, requester.user_id, requester.guild_id)
        return job

    def submits_at_once(self, job: Job) -> bool:
        """Whether the job's first step after `begin` is its submit, here and now."""
        return not job.request.files and self._engine.runs_at_once(job)

    async def begin(self, job: Job) -> None:
        """The member sees the job's card, at `job.reply`: have it run, or, where it is held, its inputs kept and the
        moderators asked about it.

        Its row is written, so that it goes on even where the database is away by now: only which message answers is
        written later, and no member is told otherwise.
        """
        try:
            await self._engine.begin(job)
        except DatabaseUnavailable as exc:
            log.warning("job %s is begun, but its row does not know its message yet: %s", job.id, exc)
            self._context.background.start(self._begin_again(job), what=f"beginning job {job.id}")

    async def _begin_again(self, job: Job) -> None:
        await run_to_its_end(functools.partial(self._engine.begin, job), job.id, clock=self._context.clock)

    async def withdraw(self, job: Job) -> None:
        """Discord says that nobody can be answered any more: end the job, which its member never saw, uncounted.

        Raises `DatabaseUnavailable`.
        """
        try:
            await self._context.jobs.advance(job, JobState.CANCELLED, refunded=True)
        except JobMoved:  # another process has begun with it: it goes to direct messages
            await self._engine.begin(job)
        else:
            log.info("job %s is withdrawn: its member could not be answered", job.id)

    def withdraw_late(self, accepting: asyncio.Future[Job]) -> None:
        """The member was told that nothing came of it while the row was still being written: withdraw it if it is."""
        self._context.background.start(self._withdraw_once_written(accepting), what="withdrawing a job")

    async def _withdraw_once_written(self, accepting: asyncio.Future[Job]) -> None:
        await asyncio.wait({accepting})
        if not accepting.cancelled() and accepting.exception() is None:
            await self.withdraw(accepting.result())

    async def answered(self, asked: int) -> bool:
        """Whether the interaction or message of that id has a job. Raises `DatabaseUnavailable`."""
        return await self._context.jobs.answered(asked)

    def _new_job(self, checked: Prechecked, permitted: Permitted, reply: Reply) -> Job:
        request = permitted.request
        model = self._context.catalog.get(request.model)
        if request.inputs.seed is None and model.highest_seed is not None:
            # Drawn by us, so that what came of it can be had again.
            inputs = request.inputs.model_copy(update={"seed": self._random.randint(0, model.highest_seed)})
            request = request.model_copy(update={"inputs": inputs})
        clip = clip_seconds(checked.stored) if checked.stored else declared_seconds(request)
        seconds = float(request.inputs.duration or model.made_of(clip))
        return Job(
            id=uuid.uuid4().hex,
            state=JobState.ACCEPTED,
            request=request,
            requester=checked.requester,
            reply=reply,
            held=permitted.held,
            stored=dict(checked.stored or {}),
            again_of=checked.again_of,
            cost=model.price(seconds, chosen=request.inputs.priced),
            output_seconds=seconds,
            expected_seconds=self._context.durations.median(model.name, model.typical_seconds),
            accepted_at=self._context.clock.now(),
        )

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except Refused as exc:
            self._context.metrics.refused.labels(exc.key).inc()
            raise
