"""What a server's admins allow: the models to choose from, the defaults, who may ask where, and what prompts meet.

Everything here is decided from memory, so that a refusal costs no transaction and waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log2

from bot.errors import ModelNotOffered, ModelUnknown, NothingServed, PromptBlocked
from bot.rules.catalog import Catalog, Model, Operation, Role
from bot.rules.guild_settings import GuildSettings, offered_models, permits, with_defaults
from bot.rules.jobs import Job, Requester
from bot.rules.limit_rules import OUTSIDE_OF_SERVERS, LimitBook
from bot.rules.notices import PromptNoted
from bot.rules.prompts import Verdict, WordAction, is_long, judge
from bot.rules.requests import Attachment, Inputs, VideoRequest, compose
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.settings import Guilds
from bot.work.jobs.availability import Availability


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """A request that the rules of the server let through, with its defaults. `verdict` is what the prompt met (to
    hold or to record it), `version` that of the settings which said so. `judged`: whether the prompt rules were asked
    already; a long prompt is left to `still_permits`."""

    request: VideoRequest
    verdict: Verdict | None
    version: int
    judged: bool

    @property
    def held(self) -> bool:
        """Whether a moderator has to decide first."""
        return self.verdict is not None and self.verdict.action is WordAction.HOLD


class Policy:
    """Asked for every request, whichever way it came. Every method may raise `RowUnreadable`."""

    def __init__(self, *, catalog: Catalog, guilds: Guilds, audit_log: AuditLog, availability: Availability) -> None:
        self._catalog = catalog
        self._guilds = guilds
        self._audit_log = audit_log
        self._availability = availability

    def offered(self, operation: Operation, requester: Requester) -> tuple[Model, ...]:
        """What this server lets members choose from and the service has, its usual one first."""
        return self._availability.served(self._allowed(operation, requester))

    def _allowed(self, operation: Operation, requester: Requester) -> tuple[Model, ...]:
        return offered_models(self._known(requester), self._catalog, operation)

    def check_served(self, model: Model, requester: Requester) -> None:
        """Raises `ModelUnavailable`, which names the next model here that does the same, or `NothingServed`."""
        self._availability.check(model, self._allowed(model.operation, requester))

    def choose(self, operation: Operation, name: str | None, requester: Requester) -> Model:
        """The named model, or the first of those that are usual here which the service has.

        Raises `ModelUnknown`, `ModelNotOffered`, `ModelUnavailable` and `NothingServed`.
        """
        allowed, models = self._allowed(operation, requester), self.offered(operation, requester)
        if not self._catalog.of(operation):
            raise NothingServed(command=operation.value, models="")
        if not allowed:
            raise ModelNotOffered(model=f"/{operation}", choices="")
        if not models:
            self._availability.check(allowed[0], allowed)
        if name is None:
            return models[0]
        choices = ", ".join(model.title for model in models)
        try:
            model = self._catalog.choose(operation, name)
        except ModelUnknown:
            raise ModelUnknown(model=name, choices=choices) from None
        if model not in allowed:
            raise ModelNotOffered(model=model.title, choices=choices)
        self._availability.check(model, allowed)
        return model

    def for_shape(self, model: Model, clip: Attachment | None, requester: Requester) -> Model:
        """The model itself, or the one that stands in for it where the clip's shape, as Discord tells it, is nearer to
        that one's frame: for where the member named none."""
        if clip is None or not clip.width or not clip.height:
            return model
        shape = log2(clip.width / clip.height)
        likely = [model, *(m for m in self.offered(model.operation, requester) if m.shape_of == model.name)]
        return min(likely, key=lambda m: abs(log2(m.frame[0] / m.frame[1]) - shape))

    def compose(
        self, model: Model, inputs: Inputs, files: Mapping[Role, Attachment], requester: Requester
    ) -> VideoRequest:
        """The valid request. Raises the `Refused` of the first rule it breaks, which names another model that is
        offered here where this one lacks what was chosen."""
        return compose(model, inputs, files, among=self.offered(model.operation, requester))

    def private_by_default(self, requester: Requester) -> bool:
        """Whether answers are only for who asked, where they don't say."""
        return self._known(requester).private_by_default

    def permit(self, request: VideoRequest, requester: Requester) -> Permitted:
        """Judge the request, once. Raises the `Refused` of the first rule that forbids it; moderators hear of a
        blocked prompt here or in `still_permits`, of others by `record`."""
        permitted = self._permit(request, requester)
        rules, prompt = self._known(requester).word_rules, request.inputs.prompt or ""
        return permitted if is_long(rules, prompt) else self._heed(permitted, requester, judge(rules, prompt))

    def _permit(self, request: VideoRequest, requester: Requester) -> Permitted:
        guild_settings = self._known(requester)
        model = self._catalog.get(request.model)
        permits(
            guild_settings,
            request.operation,
            requester,
            model,
            age_restricted=requester.age_restricted,
            catalog=self._catalog,
            parent_channel_id=requester.parent_channel_id,
        )
        usual = next(iter(self._allowed(request.operation, requester)), model)
        filled = request.model_copy(
            update={
                "inputs": with_defaults(guild_settings, model, request.inputs),
                "instead_of": None if self._availability.served([usual]) else usual.title,
            }
        )
        return Permitted(request=filled, verdict=None, version=guild_settings.version, judged=False)

    def _heed(self, permitted: Permitted, requester: Requester, verdict: Verdict | None) -> Permitted:
        permitted = replace(permitted, verdict=verdict, judged=True)
        if verdict is not None and verdict.action is WordAction.BLOCK:
            self.record(permitted, requester)
            raise PromptBlocked(note=verdict.rule.note)
        return permitted

    async def still_permits(self, permitted: Permitted, requester: Requester) -> Permitted:
        """The same by the settings of now, where they have changed since, and with a long prompt judged, beside the
        event loop. Raises as `permit`, and `DatabaseUnavailable` where they are too old and can't be read."""
        if requester.guild_id is None:
            return permitted
        now = await self._guilds.settings(requester.guild_id)
        if permitted.judged and now.version == permitted.version:
            return permitted
        if now.version != permitted.version:
            permitted = self._permit(permitted.request, requester)
        verdict = await asyncio.to_thread(judge, now.word_rules, permitted.request.inputs.prompt or "")
        return self._heed(permitted, requester, verdict)

    async def check_shown(self, job: Job, by: Requester) -> None:
        """Raises the `Refused` of the first rule that forbids such a job where `by` wants it shown, unless they asked
        for it there. What this server's moderators would have to see first is refused where it comes from elsewhere."""
        asked = job.requester
        if (asked.guild_id, asked.channel_id) == (by.guild_id, by.channel_id):
            return
        permitted = await self.still_permits(self.permit(job.request, by), by)
        if permitted.held and permitted.verdict is not None and asked.guild_id != by.guild_id:
            raise PromptBlocked(note=permitted.verdict.rule.note)

    def record(self, permitted: Permitted, requester: Requester) -> None:
        """Have the server's moderators read what the prompt met, if it met anything."""
        if permitted.verdict is not None:
            entry = PromptNoted(
                requester=requester,
                command=permitted.request.operation.value,
                prompt=permitted.request.inputs.prompt or "",
                verdict=permitted.verdict,
            )
            self._audit_log.note(requester.guild_id, entry)

    def limit_book(self, requester: Requester) -> LimitBook:
        """The limits of the server where they ask."""
        return OUTSIDE_OF_SERVERS if requester.guild_id is None else self._known(requester).limits

    def _known(self, requester: Requester) -> GuildSettings:
        return GuildSettings() if requester.guild_id is None else self._guilds.known(requester.guild_id)
