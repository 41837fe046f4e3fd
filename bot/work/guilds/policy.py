"""The rules of the house at the door: what members may choose, what they are given, and what their prompts meet."""

from __future__ import annotations

import logging

from bot.errors import ModelNotOffered, ModelUnknown
from bot.rules.catalog import Catalog, Model, Operation
from bot.rules.guild_settings import GuildSettings, check_prompt, offered, permits, with_defaults
from bot.rules.jobs import Requester
from bot.rules.notices import PromptNoted
from bot.rules.prompts import Verdict, WordAction, judge
from bot.rules.requests import VideoRequest
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.settings import Guilds

log = logging.getLogger(__name__)


class Policy:
    """Asked by the Studio for every request, whichever way it came. Every method may raise `DatabaseUnavailable` and
    `RowUnreadable`."""

    def __init__(self, *, catalog: Catalog, guilds: Guilds, audit_log: AuditLog) -> None:
        self._catalog = catalog
        self._guilds = guilds
        self._audit_log = audit_log

    async def offered(self, operation: Operation, requester: Requester) -> tuple[Model, ...]:
        """What this server lets members choose from, its usual one first."""
        return offered(await self._guild_settings(requester), self._catalog, operation)

    async def choose(self, operation: Operation, name: str | None, requester: Requester) -> Model:
        """The named model, or the one that is usual here. Raises `ModelUnknown`, `ModelNotOffered`."""
        models = await self.offered(operation, requester)
        choices = ", ".join(model.name for model in models)
        if name is None:
            if not models:
                raise ModelNotOffered(model=f"/{operation}", choices="")
            return models[0]
        try:
            model = self._catalog.choose(operation, name)
        except ModelUnknown:
            raise ModelUnknown(model=name, choices=choices) from None
        if model not in models:
            raise ModelNotOffered(model=model.name, choices=choices)
        return model

    async def filled(self, request: VideoRequest, requester: Requester) -> VideoRequest:
        """With the server's defaults where the member said nothing."""
        guild_settings = await self._guild_settings(requester)
        inputs = with_defaults(guild_settings, self._catalog.get(request.model), request.inputs)
        return request.model_copy(update={"inputs": inputs})

    async def examine(self, request: VideoRequest, requester: Requester, *, note: bool) -> Verdict | None:
        """What the prompt meets: a verdict to hold or to record, or None. With `note` the server's moderators hear of
        it. Raises the `Refused` of the first rule that forbids the request; a blocked prompt is always noted."""
        guild_settings = await self._guild_settings(requester)
        permits(
            guild_settings,
            request.operation,
            requester,
            self._catalog.get(request.model),
            age_restricted=requester.age_restricted,
            catalog=self._catalog,
            parent_channel_id=requester.parent_channel_id,
        )
        prompt = request.inputs.prompt
        verdict = judge(guild_settings.word_rules, prompt) if prompt else None
        if verdict is not None and (note or verdict.action is WordAction.BLOCK):
            self._note(request, requester, verdict)
        return check_prompt(guild_settings, prompt)

    async def private_by_default(self, requester: Requester) -> bool:
        """Whether answers are only for who asked, where they don't say."""
        return (await self._guild_settings(requester)).private_by_default

    def _note(self, request: VideoRequest, requester: Requester, verdict: Verdict) -> None:
        entry = PromptNoted(
            requester=requester,
            command=request.operation.value,
            prompt=request.inputs.prompt or "",
            verdict=verdict,
        )
        self._audit_log.note(requester.guild_id, entry)

    async def _guild_settings(self, requester: Requester) -> GuildSettings:
        return GuildSettings() if requester.guild_id is None else await self._guilds.settings(requester.guild_id)
