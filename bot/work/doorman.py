"""The rules of the house at the door: what members may choose, what they are given, and what their prompts meet."""

from __future__ import annotations

import logging

from bot.errors import ModelNotOffered, ModelUnknown
from bot.rules.catalog import Catalog, Model, Operation
from bot.rules.house import House, check_prompt, offered, permits, with_defaults
from bot.rules.job import Requester
from bot.rules.notices import PromptNoted
from bot.rules.prompts import Verdict, WordAction, judge
from bot.rules.request import VideoRequest
from bot.work.chronicle import Chronicle
from bot.work.houses import HouseKeeper

log = logging.getLogger(__name__)


class Doorman:
    """Asked by the Studio for every request, whichever way it came. Every method may raise `DatabaseUnavailable` and
    `RowUnreadable`."""

    def __init__(self, *, catalog: Catalog, houses: HouseKeeper, chronicle: Chronicle) -> None:
        self._catalog = catalog
        self._houses = houses
        self._chronicle = chronicle

    async def offered(self, operation: Operation, requester: Requester) -> tuple[Model, ...]:
        """What this server lets members choose from, its usual one first."""
        return offered(await self._house(requester), self._catalog, operation)

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
        house = await self._house(requester)
        inputs = with_defaults(house, self._catalog.get(request.model), request.inputs)
        return request.model_copy(update={"inputs": inputs})

    async def examine(self, request: VideoRequest, requester: Requester, *, note: bool) -> Verdict | None:
        """What the prompt meets: a verdict to hold or to record, or None. With `note` the server's moderators hear of
        it. Raises the `Refused` of the first rule that forbids the request; a blocked prompt is always noted."""
        house = await self._house(requester)
        permits(
            house,
            request.operation,
            requester,
            self._catalog.get(request.model),
            age_restricted=requester.age_restricted,
            catalog=self._catalog,
            parent_channel_id=requester.parent_channel_id,
        )
        prompt = request.inputs.prompt
        verdict = judge(house.word_rules, prompt) if prompt else None
        if verdict is not None and (note or verdict.action is WordAction.BLOCK):
            self._note(request, requester, verdict)
        return check_prompt(house, prompt)

    async def private_by_default(self, requester: Requester) -> bool:
        """Whether answers are only for who asked, where they don't say."""
        return (await self._house(requester)).private_by_default

    def _note(self, request: VideoRequest, requester: Requester, verdict: Verdict) -> None:
        entry = PromptNoted(
            requester=requester,
            command=request.operation.value,
            prompt=request.inputs.prompt or "",
            verdict=verdict,
        )
        self._chronicle.note(requester.guild_id, entry)

    async def _house(self, requester: Requester) -> House:
        return House() if requester.guild_id is None else await self._houses.house(requester.guild_id)
