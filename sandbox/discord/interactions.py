"""Interactions: three seconds for the first response, fifteen minutes until the token expires."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.discord import limits
from sandbox.discord import permissions as bits
from sandbox.discord.bus import Event
from sandbox.discord.commands import context_of
from sandbox.discord.gateway import Gateway
from sandbox.discord.message import Message
from sandbox.discord.objects import channel_json, member_json
from sandbox.discord.responses import ApiError, Json, unknown_message, unknown_webhook
from sandbox.discord.state import SharedState
from sandbox.discord.world import Channel, User

ANSWER_IN = timedelta(seconds=3)
TOKEN_LIFE = timedelta(minutes=15)
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
USER_INSTALL_FOLLOWUPS = 5
NO_ANSWER = "The application did not respond"


@dataclass(slots=True)
class Interaction:
    """`state` is waiting, answered or failed (then `reason` says why). `original_id` is the reply's message."""

    id: str
    token: str
    type: int
    user_id: str
    channel_id: str
    guild_id: str | None
    created: datetime
    data: Json
    owners: dict[str, str]
    context: int
    upload_limit: int
    announced_limit: int
    message_id: str | None = None
    state: str = "waiting"
    reason: str | None = None
    answer_type: int | None = None
    answered_at: datetime | None = None
    original_id: str | None = None
    loading: bool = False
    only_ephemeral: bool = False
    followup_ids: list[str] = field(default_factory=list)
    modal: Json | None = None
    modal_done: bool = False
    choices: list[Json] | None = None
    nonce: str | None = None
    opener_id: str | None = None

    @property
    def by_user_install_alone(self) -> bool:
        return "0" not in self.owners


class Interactions:
    """Makes them, delivers them, ends them."""

    def __init__(self, state: SharedState, gateway: Gateway) -> None:
        self.state = state
        self.gateway = gateway
        self.answer_in = ANSWER_IN
        """Discord's own, unless a test is about something else than how fast the machine at hand is."""
        self.all: dict[str, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}

    def begin(self, kind: int, user: User, channel: Channel, data: Json, *, message: Message | None = None,
              nonce: str | None = None, opener_id: str | None = None) -> Interaction:  # fmt: skip
        """Make one and push it to the bot; it fails by itself after three seconds."""
        state = self.state
        now = state.clock.now()
        interaction = Interaction(
            state.ids.next(), secrets.token_urlsafe(120), kind, user.id, channel.id, channel.guild_id, now,
            data, self._owners(user, channel, message), context_of(state.world, channel), 0, 0,
            message_id=message.id if message else None, nonce=nonce, opener_id=opener_id,
        )  # fmt: skip
        limit = max(state.world.upload_limit(channel), user.nitro_bytes or 0)
        interaction.upload_limit = limit
        interaction.announced_limit = state.faults.announce_bytes or limit
        interaction.only_ephemeral = interaction.by_user_install_alone and self._must_whisper(user, channel)
        self.all[interaction.id] = interaction
        self.by_token[interaction.token] = interaction
        body = self._payload(interaction, user, channel, message)
        self.gateway.dispatch("INTERACTION_CREATE", body, channel.guild_id)
        state.clock.call_at(interaction.created + self.answer_in, lambda: self._too_late(interaction))
        return interaction

    def _owners(self, user: User, channel: Channel, message: Message | None) -> dict[str, str]:
        if message is not None and message.interaction is not None:
            return dict(message.interaction["authorizing_integration_owners"])
        owners: dict[str, str] = {}
        if self.state.world.bot_is_in(channel):
            owners["0"] = channel.guild_id or "0"
        if user.has_app:
            owners["1"] = user.id
        return owners

    def _must_whisper(self, user: User, channel: Channel) -> bool:
        if channel.is_private:
            return False
        held = self.state.world.permissions(channel, user.id)
        return not held & bits.USE_EXTERNAL_APPS or not held & bits.SEND_MESSAGES

    def app_permissions(self, interaction: Interaction) -> int:
        """The bot's own where it is a member, else what an app gets, and never more than the user has."""
        world = self.state.world
        channel = world.channel(interaction.channel_id)
        if world.bot_is_in(channel):
            return world.permissions(channel, world.bot.id)
        held = world.permissions(channel, interaction.user_id) if channel.guild_id else bits.PRIVATE
        return held & (bits.EMBED_LINKS | bits.ATTACH_FILES | bits.USE_EXTERNAL_EMOJIS | bits.MENTION_EVERYONE)

    def _payload(self, interaction: Interaction, user: User, channel: Channel, message: Message | None) -> Json:
        world = self.state.world
        body: Json = {
            "id": interaction.id, "application_id": world.bot.id, "type": interaction.type, "token": interaction.token,
            "version": 1, "data": interaction.data, "channel_id": channel.id, "context": interaction.context,
            "channel": channel_json(world, channel, beside=world.bot.id), "locale": user.locale, "entitlements": [],
            "authorizing_integration_owners": interaction.owners, "attachment_size_limit": interaction.announced_limit,
            "app_permissions": str(self.app_permissions(interaction)), "entitlement_sku_ids": [],
        }  # fmt: skip
        guild = world.guild_of(channel)
        if guild is not None:
            held = world.permissions(channel, user.id)
            body |= {
                "guild_id": guild.id, "guild_locale": guild.locale,
                "guild": {"id": guild.id, "locale": guild.locale, "features": []},
                "member": member_json(world, guild.members[user.id], permissions=held),
            }  # fmt: skip
        else:
            body["user"] = user.json()
        if message is not None:
            body["message"] = self.state.messages.json(message)
        return body

    def _too_late(self, interaction: Interaction) -> None:
        if interaction.state == "waiting":
            self.fail(interaction, NO_ANSWER)

    def watch_loading(self, interaction: Interaction) -> None:
        """A deferral that nobody fills fails in the member's eyes when its token dies."""
        state = self.state

        def look() -> None:
            message = state.messages.all.get(interaction.original_id or "")
            if message is not None and not message.deleted and message.flags & limits.LOADING:
                told = {"interaction_id": interaction.id, "message_id": message.id, "reason": NO_ANSWER}
                state.bus.tell(Event("interaction_failed", told, only_for=interaction.user_id))

        state.clock.call_at(interaction.created + TOKEN_LIFE, look)

    def fail(self, interaction: Interaction, reason: str) -> None:
        interaction.state, interaction.reason = "failed", reason
        if interaction.type == AUTOCOMPLETE:
            data: Json = {"nonce": interaction.nonce, "interaction_id": interaction.id, "choices": None}
            self.state.bus.tell(Event("autocomplete", data, only_for=interaction.user_id))
        else:
            data = {"interaction_id": interaction.id, "reason": reason}
            self.state.bus.tell(Event("interaction_failed", data, only_for=interaction.user_id))
        self.state.bus.stir()

    def for_callback(self, interaction_id: str, token: str) -> Interaction:
        """The interaction that may still be answered; else 404/10062 or 400/40060."""
        interaction = self.all.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise ApiError(404, 10062, "Unknown interaction")
        if interaction.state == "answered":
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if interaction.state == "failed" or self.state.clock.now() >= interaction.created + self.answer_in:
            raise ApiError(404, 10062, "Unknown interaction")
        return interaction

    def for_token(self, application_id: str, token: str) -> Interaction:
        """The answered interaction of a token that still lives; else 401/50027 or 404/10015."""
        interaction = self.by_token.get(token)
        if application_id != self.state.world.bot.id or interaction is None:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if self.state.clock.now() >= interaction.created + TOKEN_LIFE:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if interaction.state != "answered":
            raise unknown_webhook()
        return interaction

    def message_of(self, interaction: Interaction, message_id: str) -> Message:
        """`@original`, a follow-up, or the message whose button was pressed; 404/10008 for any other."""
        if message_id == "@original":
            message_id = interaction.original_id or ""
        elif message_id not in {interaction.original_id, interaction.message_id, *interaction.followup_ids}:
            raise unknown_message()
        return self.state.messages.get(message_id)

    def metadata(self, interaction: Interaction) -> Json:
        data: Json = {
            "id": interaction.id, "type": interaction.type, "authorizing_integration_owners": interaction.owners,
            "user": self.state.world.users[interaction.user_id].json(),
        }  # fmt: skip
        if interaction.type == COMMAND:
            data |= {"name": interaction.data["name"], "command_type": interaction.data["type"]}
            if interaction.data.get("target_id") and interaction.data["type"] == 3:
                data["target_message_id"] = interaction.data["target_id"]
        if interaction.type == COMPONENT:
            data["interacted_message_id"] = interaction.message_id
        if interaction.type == MODAL_SUBMIT:
            data["triggering_interaction_metadata"] = self.metadata(self.all[interaction.opener_id or ""])
        return data

    def message_facts(self, interaction: Interaction, *, ephemeral: bool) -> dict[str, Any]:
        """What every message of an interaction carries."""
        kind = {1: 20, 2: 23, 3: 23}.get(interaction.data.get("type", 0), 0) if interaction.type == COMMAND else 0
        ephemeral = ephemeral or interaction.only_ephemeral
        return {
            "type": kind, "interaction": self.metadata(interaction), "interaction_id": interaction.id,
            "visible_to": interaction.user_id if ephemeral else None,
            "flags": limits.EPHEMERAL if ephemeral else 0,
        }  # fmt: skip

    def check_rights(self, interaction: Interaction, payload: Json, has_files: bool) -> None:
        """Files and embeds follow the bot's own permissions, in a user install the user's."""
        held = self.app_permissions(interaction)
        if (has_files and not held & bits.ATTACH_FILES) or (payload.get("embeds") and not held & bits.EMBED_LINKS):
            raise ApiError(403, 50013, "Missing Permissions")
