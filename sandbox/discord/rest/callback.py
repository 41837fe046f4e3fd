"""`POST /interactions/{id}/{token}/callback`: the one answer to an interaction."""

from __future__ import annotations

from aiohttp import web

from sandbox.discord import limits
from sandbox.discord.bus import Event
from sandbox.discord.core import Core
from sandbox.discord.interactions import AUTOCOMPLETE, COMPONENT, MODAL_SUBMIT, Interaction
from sandbox.discord.mentions import FOR_INTERACTIONS
from sandbox.discord.message import Message
from sandbox.discord.messages import Rules
from sandbox.discord.modal_rules import check_modal
from sandbox.discord.responses import Json, answer, form_error, nothing
from sandbox.discord.rest.api import Api
from sandbox.discord.rest.body import Body

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9


class CallbackRoute:
    def __init__(self, core: Core, api: Api) -> None:
        self.core = core
        api.add("POST", "/interactions/{interaction_id}/{interaction_token}/callback", self.callback, open_route=True)

    async def callback(self, request: web.Request, body: Body) -> web.Response:
        info = request.match_info
        interaction = self.core.interactions.for_callback(info["interaction_id"], info["interaction_token"])
        kind = body.object.get("type")
        data: Json = body.object.get("data") or {}
        self._check_kind(interaction, kind)
        if kind == CHOICES:
            self._choices(interaction, data)
            message = None
        elif kind == MODAL:
            self._modal(interaction, data)
            message = None
        else:
            message = self._message(interaction, int(kind or 0), data, body)
        interaction.state, interaction.answer_type = "answered", kind
        interaction.answered_at = self.core.clock.now()
        done = {"interaction_id": interaction.id, "answer_type": kind}
        self.core.bus.tell(Event("interaction_done", done, only_for=interaction.user_id))
        if request.query.get("with_response") not in {"1", "true", "True"}:
            return nothing()
        return answer(self._described(interaction, message, int(kind or 0)))

    @staticmethod
    def _check_kind(interaction: Interaction, kind: object) -> None:
        updates = interaction.type == COMPONENT or (interaction.type == MODAL_SUBMIT and interaction.message_id)
        allowed = {MESSAGE, DEFERRED} | ({DEFERRED_UPDATE, UPDATE} if updates else set())
        if interaction.type == MODAL_SUBMIT:
            # discord.py's plain defer() sends 6 for a modal of a command, which Discord accepts without any effect.
            allowed |= {DEFERRED_UPDATE}
        else:
            allowed |= {MODAL}
        if kind not in ({CHOICES} if interaction.type == AUTOCOMPLETE else allowed):
            raise form_error("type", f"Value must be one of {sorted(allowed)}.", "INTERACTION_TYPE_NOT_ALLOWED")

    def _choices(self, interaction: Interaction, data: Json) -> None:
        choices = data.get("choices") or []
        if len(choices) > 25:
            raise limits.too_long("data.choices", 25)
        for at, choice in enumerate(choices):
            limits.check_text(choice.get("name"), f"data.choices.{at}.name", 100, 1)
            if isinstance(choice.get("value"), str):
                limits.check_text(choice["value"], f"data.choices.{at}.value", 100)
        interaction.choices = choices
        told = {"nonce": interaction.nonce, "interaction_id": interaction.id, "choices": choices}
        self.core.bus.tell(Event("autocomplete", told, only_for=interaction.user_id))

    def _modal(self, interaction: Interaction, data: Json) -> None:
        check_modal(data)
        interaction.modal = data
        told = {"interaction_id": interaction.id, "modal": data}
        self.core.bus.tell(Event("modal", told, only_for=interaction.user_id))

    def _message(self, interaction: Interaction, kind: int, data: Json, body: Body) -> Message | None:
        core = self.core
        ephemeral = bool(int(data.get("flags") or 0) & limits.EPHEMERAL)
        channel = core.world.channel(interaction.channel_id)
        if kind == DEFERRED:
            if int(data.get("flags") or 0) & ~limits.EPHEMERAL:
                raise form_error("data.flags", "Only EPHEMERAL may be set here.", "INVALID_FLAGS")
            facts = core.interactions.message_facts(interaction, ephemeral=ephemeral)
            message = core.messages.placeholder(channel, **facts)
            interaction.loading = True
            core.interactions.watch_loading(interaction)
        elif kind == MESSAGE:
            core.interactions.check_rights(interaction, data, bool(body.uploads))
            facts = core.interactions.message_facts(interaction, ephemeral=ephemeral)
            rules = Rules(interaction.upload_limit, FOR_INTERACTIONS)
            message = core.messages.create(channel, core.world.bot.id, data, body.uploads, rules, **facts)
        else:
            if interaction.message_id is None:
                return None
            message = core.messages.get(interaction.message_id)
            if kind == UPDATE:
                core.interactions.check_rights(interaction, data, bool(body.uploads))
                rules = Rules(interaction.upload_limit, FOR_INTERACTIONS)
                core.messages.edit(message, data, body.uploads, rules)
        interaction.original_id = message.id
        return message

    def _described(self, interaction: Interaction, message: Message | None, kind: int) -> Json:
        about: Json = {"id": interaction.id, "type": interaction.type}
        if message is not None:
            about |= {
                "response_message_id": message.id, "response_message_loading": kind == DEFERRED,
                "response_message_ephemeral": message.ephemeral, "channel_id": message.channel_id,
            }  # fmt: skip
            if message.channel_id and interaction.guild_id:
                about["guild_id"] = interaction.guild_id
        described: Json = {"interaction": about}
        if kind in {MESSAGE, UPDATE} and message is not None:
            described["resource"] = {"type": kind, "message": self.core.messages.json(message)}
        return described
