"""The control surface under `/_sandbox/`: what a Discord client would show and do, for the page and for scripts."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from aiohttp import web

from sandbox.discord.actions import Actions
from sandbox.discord.core import Core
from sandbox.discord.faults import Omission, RequestFault
from sandbox.discord.files import Upload
from sandbox.discord.interactions import Interaction
from sandbox.discord.objects import channel_json
from sandbox.discord.options import ClientRefused
from sandbox.discord.responses import ApiError, Json, TooMany, answer
from sandbox.discord.rest.body import Body, read_body
from sandbox.discord.sse import Feeds
from sandbox.discord.world import Channel, User

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")

Act = Callable[[web.Request, Body], Awaitable[web.StreamResponse]]


class Control:
    """The routes. Every refusal is 400 with `{"error": sentence}`."""

    def __init__(self, core: Core, actions: Actions, feeds: Feeds, router: web.UrlDispatcher) -> None:
        self.core = core
        self.actions = actions
        self.feeds = feeds
        self._router = router
        self._add("GET", "state", self.state)
        self._add("GET", "messages", self.messages)
        self._add("GET", "events", self.events)
        for name in (
            "command",
            "autocomplete",
            "component",
            "modal",
            "message",
            "delete",
            "forward",
            "faults",
            "clock",
            "locale",
        ):
            self._add("POST", name, getattr(self, name))

    def _add(self, method: str, name: str, act: Act) -> None:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await act(request, await read_body(request, self.core.files))
            except ClientRefused as refusal:
                return answer({"error": str(refusal)}, 400)
            except ApiError as problem:
                return answer({"error": problem.message, "code": problem.code, "errors": problem.errors}, 400)
            except TooMany as limit:
                return answer({"error": "You are being rate limited.", "retry_after": limit.retry_after}, 400)
            except (KeyError, TypeError, ValueError) as broken:
                return answer({"error": f"The request can't be read: {broken!r}"}, 400)

        self._router.add_route(method, f"/_sandbox/{name}", handle)

    def _user(self, user_id: Any) -> User:
        found = self.core.world.users.get(str(user_id))
        if found is None or found.bot:
            raise ClientRefused(f"There is no user {user_id!r}")
        return found

    def _channel(self, channel_id: Any) -> Channel:
        return self.core.world.channel(str(channel_id))

    # Looking

    async def state(self, request: web.Request, _: Body) -> web.Response:
        """Who and what `as` sees. Each channel has the commands that are offered in it."""
        user = self._user(request.query.get("as") or next(u.id for u in self.core.world.users.values() if not u.bot))
        world = self.core.world
        guilds = [self._guild(guild_id, user) for guild_id, g in world.guilds.items() if user.id in g.members]
        private = [c for c in world.channels.values() if c.is_private and user.id in c.recipients]
        commands: Json = {}
        for channel in world.channels.values():
            if user.id in channel.recipients or (channel.guild_id and world.permissions(channel, user.id)):
                commands |= {command["id"]: command for command in self.core.commands.offered(user, channel)}
        return answer({
            "me": user.json(), "bot": world.bot.json(), "online": self.core.gateway.online,
            "users": [u.json() for u in world.users.values()], "guilds": guilds, "commands": list(commands.values()),
            "dms": [channel_json(world, c, beside=user.id) | self._offer(user, c) for c in private],
            "now": self.core.clock.now().isoformat(), "locale": user.locale,
        })  # fmt: skip

    def _guild(self, guild_id: str, user: User) -> Json:
        world, guild = self.core.world, self.core.world.guilds[guild_id]
        seen = [c for c in guild.channels.values() if world.permissions(c, user.id) & 1024]
        return {
            "id": guild.id, "name": guild.name, "upload_limit": guild.upload_limit, "owner_id": guild.owner_id,
            "roles": [role.json() for role in guild.roles.values()],
            "members": [{"user": world.users[m.user_id].json(), "roles": m.roles} for m in guild.members.values()],
            "channels": [channel_json(world, channel) | self._offer(user, channel) for channel in seen],
        }  # fmt: skip

    def _offer(self, user: User, channel: Channel) -> Json:
        return {
            "my_permissions": str(self.core.world.permissions(channel, user.id)),
            "command_ids": [command["id"] for command in self.core.commands.offered(user, channel)],
        }  # fmt: skip

    async def messages(self, request: web.Request, _: Body) -> web.Response:
        query = request.query
        channel = self._channel(query["channel_id"])
        limit = int(query.get("limit", "50"))
        return answer(self.actions.visible_to(self._user(query.get("as")), channel, limit))

    async def events(self, request: web.Request, _: Body) -> web.StreamResponse:
        return await self.feeds.stream(request, self._user(request.query.get("as")))

    # Doing

    async def command(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object
        begun = self.actions.command(
            self._user(wanted["as"]), self._channel(wanted["channel_id"]), wanted["name"],
            kind=int(wanted.get("type", 1)), subcommand=wanted.get("subcommand") or "",
            options=wanted.get("options") or {}, uploads={upload.field: upload for upload in body.uploads},
            target_id=wanted.get("target_id"), raw=bool(wanted.get("raw")),
        )  # fmt: skip
        return _begun(begun)

    async def autocomplete(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object
        begun = self.actions.autocomplete(
            self._user(wanted["as"]), self._channel(wanted["channel_id"]), wanted["name"], focused=wanted["focused"],
            options=wanted.get("options") or {}, subcommand=wanted.get("subcommand") or "", nonce=wanted.get("nonce"),
        )  # fmt: skip
        return _begun(begun)

    async def component(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object
        raw = bool(wanted.get("raw"))
        user = self._user(wanted["as"])
        values = wanted.get("values")
        return _begun(self.actions.component(user, wanted["message_id"], wanted["custom_id"], values, raw=raw))

    async def modal(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object
        uploads: dict[str, list[Upload]] = {}
        for upload in body.uploads:
            uploads.setdefault(upload.field, []).append(upload)
        user, raw = self._user(wanted["as"]), bool(wanted.get("raw"))
        values = wanted.get("values") or {}
        return _begun(self.actions.modal(user, wanted["interaction_id"], values, uploads, raw=raw))

    async def message(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object
        said = self.actions.say(
            self._user(wanted["as"]), self._channel(wanted["channel_id"]), wanted.get("content") or "", body.uploads,
            reply_to=wanted.get("reply_to"), mention_reply=bool(wanted.get("mention_reply", True)),
            embeds=wanted.get("embeds") or [],
        )  # fmt: skip
        return answer(self.core.messages.json(said))

    async def forward(self, _: web.Request, body: Body) -> web.Response:
        wanted = body.object
        channel = self._channel(wanted["channel_id"])
        return answer(
            self.core.messages.json(self.actions.forward(self._user(wanted["as"]), wanted["message_id"], channel))
        )

    async def delete(self, _: web.Request, body: Body) -> web.Response:
        self.actions.delete(self._user(body.object["as"]), body.object["message_id"])
        return answer({})

    async def clock(self, _: web.Request, body: Body) -> web.Response:
        self.core.clock.advance(float(body.object["advance_seconds"]))
        return answer({"now": self.core.clock.now().isoformat()})

    async def locale(self, _: web.Request, body: Body) -> web.Response:
        """`{"as", "locale", "guild_id"}`: the language of the member's client and, with `guild_id`, of that server."""
        wanted = body.object
        locale, guild_id = str(wanted["locale"]), wanted.get("guild_id")
        if not _LOCALE.fullmatch(locale):
            raise ClientRefused(f"{locale!r} is no language tag")
        self._user(wanted["as"]).locale = locale
        if guild_id is not None:
            guild = self.core.world.guilds[str(guild_id)]
            guild.locale = locale
            self.core.tell_guild_changed(guild)
        return answer({"locale": locale})

    async def faults(self, _: web.Request, body: Body) -> web.Response:
        """`{"rest": [fault…]}`, `{"omit": [omission…]}`, any switch of `Faults` by name,
        `"gateway": drop | reconnect | invalidate | resume`, or `"clear": true`."""
        wanted, faults = body.object, self.core.faults
        if wanted.get("clear"):
            faults.clear()
        for item in wanted.get("rest") or []:
            faults.add(RequestFault(**item))
        faults.omissions += [Omission(**item) for item in wanted.get("omit") or []]
        switches = {f.name for f in fields(faults)} - {"queue", "omissions"}
        for name in switches & set(wanted):
            setattr(faults, name, wanted[name])
        gateway = self.core.gateway
        match wanted.get("gateway"):
            case "drop":
                await gateway.drop()
            case "reconnect":
                await gateway.reconnect()
            case "invalidate":
                await gateway.invalidate()
            case "resume":
                await gateway.invalidate(resumable=True)
        left = [{"method": f.method, "path": f.path, "times": f.times} for f in faults.queue if f.times]
        omit = [{"event": o.event, "field": o.field, "times": o.times} for o in faults.omissions if o.times]
        return answer({"rest": left, "omit": omit} | {name: getattr(faults, name) for name in switches})


def _begun(interaction: Interaction) -> web.Response:
    return answer({"interaction_id": interaction.id})
