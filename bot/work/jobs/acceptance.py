"""Where a request becomes a job: every rule is asked, then the row is written, together with the limits' word."""

from __future__ import annotations

import logging
import random
import uuid

from bot.errors import Refused, ShuttingDown
from bot.rules.catalog import SEED_MAX, Model, Role
from bot.rules.jobs import HELD, Job, JobState, Reply, Requester, StoredFile
from bot.rules.polling import History
from bot.rules.prompts import WordAction
from bot.rules.requests import VideoRequest
from bot.work.engines.base import Engine
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.moderation import Moderation
from bot.work.guilds.policy import Policy
from bot.work.jobs.context import JobContext

log = logging.getLogger(__name__)


class Acceptance:
    """Every method may raise `DatabaseUnavailable`; each `Refused` is counted by its rule."""

    def __init__(
        self,
        *,
        context: JobContext,
        engine: Engine,
        limits: GuildLimits,
        policy: Policy,
        moderation: Moderation,
        audit_log: AuditLog,
    ) -> None:
        self._context = context
        self._engine = engine
        self._limits = limits
        self._policy = policy
        self._moderation = moderation
        self._audit_log = audit_log
        self._random = random.SystemRandom()
        self._open = True

    async def close(self) -> None:
        """From now on everything new is refused with `ShuttingDown`."""
        self._open = False

    async def precheck(self, request: VideoRequest, requester: Requester) -> None:
        """Raises the `Refused` that `accept` would raise now; writes nothing."""
        try:
            await self._look(request)
            await self._policy.examine(request, requester, note=False)
            await self._context.jobs.ask(self._limits.gate, request, requester)
        except Refused as exc:
            self._context.metrics.refused.labels(exc.key).inc()
            raise

    async def accept(
        self,
        request: VideoRequest,
        requester: Requester,
        reply: Reply,
        *,
        again_of: str | None = None,
        stored: dict[Role, StoredFile] | None = None,
    ) -> Job:
        """The new job, which an engine sees to from here on; `stored` are an earlier one's inputs, to be copied.

        Raises `Refused`, and `AlreadyAsked` where what the reply answers has a job; then there is no new row.
        """
        try:
            request = await self._policy.filled(request, requester)
            model = await self._look(request)
            verdict = await self._policy.examine(request, requester, note=True)
            held = verdict is not None and verdict.action is WordAction.HOLD
            job = await self._new_job(model, request, requester, reply, again_of)
            job = job.model_copy(update={"stored": stored or {}, "waiting": HELD if held else None})
            job = await self._context.jobs.insert(job, gate=self._limits.gate, companion=self._engine.companion)
        except Refused as exc:
            self._context.metrics.refused.labels(exc.key).inc()
            raise
        self._context.metrics.accepted.labels(model.name).inc()
        log.info("job %s is accepted: %s by %s in %s", job.id, model.name, requester.user_id, requester.guild_id)
        await self._engine.start(job.id)
        if held:  # beside: the moderators' channel may be slow
            self._audit_log.see_to(self._moderation.ask(job))
        return job

    async def answered(self, asked: int) -> bool:
        """Whether the interaction or message of that id has a job."""
        return await self._context.jobs.answered(asked)

    async def _look(self, request: VideoRequest) -> Model:
        if not self._open:
            raise ShuttingDown
        model = self._context.catalog.get(request.model)  # an old card's Again may be of one that was taken out since
        await self._context.availability.check(model)
        return model

    async def _new_job(
        self, model: Model, request: VideoRequest, requester: Requester, reply: Reply, again_of: str | None
    ) -> Job:
        if request.inputs.seed is None:  # drawn by us, so that what came of it can be had again
            inputs = request.inputs.model_copy(update={"seed": self._random.randint(0, SEED_MAX)})
            request = request.model_copy(update={"inputs": inputs})
        history = History(tuple(await self._context.jobs.durations(model.name)))
        return Job(
            id=uuid.uuid4().hex,
            state=JobState.ACCEPTED,
            request=request,
            requester=requester,
            reply=reply,
            again_of=again_of,
            cost=model.cost,
            output_seconds=model.output_seconds,
            expected_seconds=history.percentile(0.5) or model.typical_seconds,
            accepted_at=self._context.clock.now(),
        )
