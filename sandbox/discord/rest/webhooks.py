"""`/webhooks/{app}/{token}/…`: the reply to an interaction and its follow-ups, by the interaction's own token."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from sandbox.discord import limits
from sandbox.discord.core import Core
from sandbox.discord.ids import time_of
from sandbox.discord.interactions import USER_INSTALL_FOLLOWUPS, Interaction
from sandbox.discord.mentions import FOR_INTERACTIONS
from sandbox.discord.message import Message
from sandbox.discord.messages import Rules
from sandbox.discord.responses import ApiError, answer, nothing
from sandbox.discord.rest.api import Api
from sandbox.discord.rest.body import Body


class WebhookRoutes:
    def __init__(self, core: Core, api: Api) -> None:
        self.core = core
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        api.add("POST", hook, self.follow_up, open_route=True)
        for name in ("@original", "{message_id}"):
            route = f"{hook}/messages/{name}"
            api.add("GET", route, self.get, open_route=True)
            api.add("PATCH", route, self.edit, open_route=True)
            api.add("DELETE", route, self.delete, open_route=True)

    def _interaction(self, request: web.Request) -> Interaction:
        info = request.match_info
        return self.core.interactions.for_token(info["webhook_id"], info["webhook_token"])

    def _found(self, request: web.Request) -> tuple[Interaction, Message]:
        interaction = self._interaction(request)
        wanted = request.match_info.get("message_id", "@original")
        return interaction, self.core.interactions.message_of(interaction, wanted)

    @staticmethod
    def _rules(interaction: Interaction) -> Rules:
        return Rules(interaction.upload_limit, FOR_INTERACTIONS)

    async def follow_up(self, request: web.Request, body: Body) -> web.Response:
        """The first one after a deferral fills the loading message, as long as that is still there."""
        interaction = self._interaction(request)
        payload = body.object
        self.core.interactions.check_rights(interaction, payload, bool(body.uploads))
        if interaction.loading and interaction.original_id:
            original = self.core.messages.all[interaction.original_id]
            if not original.deleted:
                interaction.loading = False
                message = self.core.messages.edit(original, payload, body.uploads, self._rules(interaction))
                return answer(self.core.messages.json(message))
        if interaction.by_user_install_alone and len(interaction.followup_ids) >= USER_INSTALL_FOLLOWUPS:
            raise ApiError(400, 40094, "Maximum number of follow up messages reached")
        ephemeral = bool(int(payload.get("flags") or 0) & limits.EPHEMERAL)
        facts = self.core.interactions.message_facts(interaction, ephemeral=ephemeral)
        channel = self.core.world.channel(interaction.channel_id)
        rules = self._rules(interaction)
        message = self.core.messages.create(channel, self.core.world.bot.id, payload, body.uploads, rules, **facts)
        interaction.followup_ids.append(message.id)
        return answer(self.core.messages.json(message))

    async def get(self, request: web.Request, _: Body) -> web.Response:
        return answer(self.core.messages.json(self._found(request)[1]))

    async def edit(self, request: web.Request, body: Body) -> web.Response:
        interaction, message = self._found(request)
        payload = body.object
        self.core.interactions.check_rights(interaction, payload, bool(body.uploads))
        channel = self.core.world.channel(message.channel_id)
        if channel.archived:
            raise ApiError(400, 50083, "Thread is archived")
        if self.core.clock.now() - time_of(message.id) > timedelta(hours=1):
            self.core.rates.edit_of_old_message(channel.id)
        self.core.messages.edit(message, payload, body.uploads, self._rules(interaction))
        if message.id == interaction.original_id:
            interaction.loading = False
        return answer(self.core.messages.json(message))

    async def delete(self, request: web.Request, _: Body) -> web.Response:
        self.core.messages.delete(self._found(request)[1])
        return nothing()
