"""`/channels/…`: messages by the bot's own token, with the bot's own permissions."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from sandbox.discord import permissions as bits
from sandbox.discord.bus import Event
from sandbox.discord.core import Core
from sandbox.discord.ids import time_of
from sandbox.discord.message import Message
from sandbox.discord.messages import Rules
from sandbox.discord.objects import channel_json
from sandbox.discord.responses import (
    ApiError,
    Json,
    answer,
    form_error,
    missing_access,
    missing_permissions,
    nothing,
    unknown_channel,
    unknown_message,
)
from sandbox.discord.rest.api import Api
from sandbox.discord.rest.body import Body
from sandbox.discord.world import Channel

_OLD = timedelta(hours=1)


class ChannelRoutes:
    def __init__(self, core: Core, api: Api) -> None:
        self.core = core
        one = "/channels/{channel_id}/messages/{message_id}"
        api.add("GET", "/channels/{channel_id}", self.channel)
        api.add("PATCH", "/channels/{channel_id}", self.change)
        api.add("POST", "/channels/{channel_id}/typing", self.typing)
        api.add("GET", "/channels/{channel_id}/messages", self.history)
        api.add("POST", "/channels/{channel_id}/messages", self.create)
        api.add("GET", one, self.get)
        api.add("PATCH", one, self.edit)
        api.add("DELETE", one, self.delete)

    def _place(self, request: web.Request, needs: int = 0) -> Channel:
        """The channel, if the bot is there, sees it and has the bits."""
        world = self.core.world
        channel = world.channel(request.match_info["channel_id"])
        if not world.bot_is_in(channel):
            raise unknown_channel() if channel.is_private else missing_access()
        held = world.permissions(channel, world.bot.id)
        if not held & bits.VIEW_CHANNEL:
            raise missing_access()
        if held & needs != needs:
            raise missing_permissions()
        return channel

    def _message(self, request: web.Request, channel: Channel) -> Message:
        message = self.core.messages.get(request.match_info["message_id"], channel.id)
        if message.ephemeral:
            raise unknown_message()
        return message

    def _json(self, message: Message) -> Json:
        return self.core.messages.json_for_bot(message, content=self.core.content_granted)

    async def channel(self, request: web.Request, _: Body) -> web.Response:
        return answer(channel_json(self.core.world, self._place(request), beside=self.core.world.bot.id))

    async def change(self, request: web.Request, body: Body) -> web.Response:
        """Whether a thread is archived or locked; nothing else of a channel is the bot's to change here.

        Discord wants SEND_MESSAGES alone to open one that is not locked, and MANAGE_THREADS for everything else.
        """
        channel, wanted = self._place(request), body.object
        if not channel.is_thread:
            raise missing_permissions()
        opens = wanted == {"archived": False} and not channel.locked
        held = self.core.world.permissions(channel, self.core.world.bot.id)
        needs = bits.SEND_MESSAGES_IN_THREADS if opens else bits.MANAGE_THREADS
        if held & needs != needs:
            raise missing_permissions()
        if channel.archived and wanted.get("archived") is not False:
            raise ApiError(400, 50083, "Thread is archived")
        channel.locked = bool(wanted.get("locked", channel.locked))
        channel.archived = bool(wanted.get("archived", channel.archived))
        self.core.tell_thread_changed(channel)
        return answer(channel_json(self.core.world, channel))

    async def typing(self, request: web.Request, _: Body) -> web.Response:
        channel = self._place(request, bits.SEND_MESSAGES)
        self.core.bus.tell(Event("typing", {"channel_id": channel.id, "user_id": self.core.world.bot.id}))
        return nothing()

    async def history(self, request: web.Request, _: Body) -> web.Response:
        """Newest first. Without READ_MESSAGE_HISTORY there is none."""
        channel = self._place(request)
        if not self.core.world.permissions(channel, self.core.world.bot.id) & bits.READ_MESSAGE_HISTORY:
            return answer([])
        limit = int(request.query.get("limit", "50"))
        if not 1 <= limit <= 100:
            raise form_error("limit", "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
        found = [m for m in self.core.messages.in_channel(channel.id) if not m.ephemeral]
        if "before" in request.query:
            found = [m for m in found if int(m.id) < int(request.query["before"])]
        if "around" in request.query:
            at = int(request.query["around"])
            found = sorted(sorted(found, key=lambda m: abs(int(m.id) - at))[:limit], key=lambda m: int(m.id))
        if "after" in request.query:
            found = [m for m in found if int(m.id) > int(request.query["after"])][:limit]
        return answer([self._json(message) for message in reversed(found[-limit:])])

    async def create(self, request: web.Request, body: Body) -> web.Response:
        payload = body.object
        channel = self._place(request)
        self._check_sending(channel, payload, has_files=bool(body.uploads))
        repeated = self.core.messages.repeated(channel, payload)
        if repeated is not None:
            return answer(self._json(repeated))
        facts: Json = {}
        if payload.get("message_reference"):
            facts = {"type": 19, "reference": self._reference(channel, payload["message_reference"])}
            if facts["reference"] is None:
                facts = {}
        rules = Rules(self.core.world.upload_limit(channel))
        message = self.core.messages.create(channel, self.core.world.bot.id, payload, body.uploads, rules, **facts)
        self.core.open_again(channel)
        return answer(self._json(message))

    def _check_sending(self, channel: Channel, payload: Json, *, has_files: bool) -> None:
        world = self.core.world
        if channel.is_private:
            others = [world.users[user_id] for user_id in channel.recipients if user_id != world.bot.id]
            if not all(user.dms_open for user in others):
                raise ApiError(403, 50007, "Cannot send messages to this user")
            return
        held = world.permissions(channel, world.bot.id)
        needs = bits.SEND_MESSAGES_IN_THREADS if channel.is_thread else bits.SEND_MESSAGES
        if has_files:
            needs |= bits.ATTACH_FILES
        if payload.get("embeds"):
            needs |= bits.EMBED_LINKS
        if payload.get("message_reference"):
            needs |= bits.READ_MESSAGE_HISTORY
        if held & needs != needs:
            raise missing_permissions()
        if channel.locked and not held & bits.MANAGE_THREADS:
            raise ApiError(400, 160005, "This thread is locked")

    def _reference(self, channel: Channel, wanted: Json) -> Json | None:
        found = self.core.messages.all.get(str(wanted.get("message_id")))
        if found is None or found.deleted or found.channel_id != channel.id or found.ephemeral:
            if wanted.get("fail_if_not_exists", True):
                raise form_error("message_reference", "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
            return None
        reference: Json = {"type": 0, "channel_id": channel.id, "message_id": found.id}
        return reference | ({"guild_id": channel.guild_id} if channel.guild_id else {})

    async def get(self, request: web.Request, _: Body) -> web.Response:
        channel = self._place(request, bits.READ_MESSAGE_HISTORY)
        return answer(self._json(self._message(request, channel)))

    async def edit(self, request: web.Request, body: Body) -> web.Response:
        channel = self._place(request)
        message = self._message(request, channel)
        if message.author_id != self.core.world.bot.id:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if channel.archived:
            raise ApiError(400, 50083, "Thread is archived")
        held = self.core.world.permissions(channel, self.core.world.bot.id)
        if body.uploads and not held & bits.ATTACH_FILES:
            raise missing_permissions()
        if body.object.get("embeds") and not held & bits.EMBED_LINKS:
            raise missing_permissions()
        if self.core.clock.now() - time_of(message.id) > _OLD:
            self.core.rates.edit_of_old_message(channel.id)
        rules = Rules(self.core.world.upload_limit(channel))
        return answer(self._json(self.core.messages.edit(message, body.object, body.uploads, rules)))

    async def delete(self, request: web.Request, _: Body) -> web.Response:
        channel = self._place(request)
        message = self._message(request, channel)
        if message.author_id != self.core.world.bot.id:
            held = self.core.world.permissions(channel, self.core.world.bot.id)
            if channel.is_private or not held & bits.MANAGE_MESSAGES:
                raise missing_permissions()
        if channel.archived:
            raise ApiError(400, 50083, "Thread is archived")
        self.core.messages.delete(message)
        return nothing()
