"""The gateway: sessions that outlive their connections, intents, shards, and connections that fail on request."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord import permissions as bits
from sandbox.discord.bus import Event
from sandbox.discord.connections import Session, Socket
from sandbox.discord.message import Message
from sandbox.discord.objects import channel_json, guild_create_json, member_json
from sandbox.discord.responses import Json
from sandbox.discord.state import SharedState

GUILDS, GUILD_MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 9, 1 << 12, 1 << 15
# The application's flags that allow each privileged intent (approved, or for a small app).
_PRIVILEGED = {PRESENCES: 0b11 << 12, GUILD_MEMBERS: 0b11 << 14, MESSAGE_CONTENT: 0b11 << 18}
_KEPT_EVENTS = 1000
_FRAMES_PER_MINUTE = 120  # heartbeats included
_ON_ITS_WAY_SECONDS = 0.02
_FRAME_BYTES = 4096


class Gateway:
    """Sends events to the bot's sessions. Tests read `identifies`, `resumes`, `heartbeats` and `close_codes`."""

    def __init__(self, state: SharedState) -> None:
        self.state = state
        self.sessions: dict[str, Session] = {}
        self.sockets: set[Socket] = set()
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.heartbeats = 0
        self.close_codes: list[int | None] = []
        self.heartbeat_interval_ms = 41250
        self.was_online = False
        state.bus.listen(self._on_event)

    @property
    def online(self) -> bool:
        return any(session.connected for session in self.sessions.values())

    # Connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.state.faults.gateway_down:
            return web.Response(status=503, text="upstream error")
        ws = web.WebSocketResponse(max_msg_size=4096 * 4, autoclose=True)
        await ws.prepare(request)
        socket = Socket(ws)
        self.sockets.add(socket)
        try:
            await socket.send({"op": 10, "d": {"heartbeat_interval": self.heartbeat_interval_ms}, "s": None, "t": None})
            async for frame in ws:
                if frame.type is WSMsgType.TEXT:
                    await self._receive(socket, frame.data)
        finally:
            self._gone(socket)
        return ws

    def _gone(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        self.close_codes.append(socket.ws.close_code)
        session = socket.session
        if session is not None and session.socket is socket:
            session.socket = None
            # A client that closes with 1000 or 1001 ends its session; after any other end it may resume.
            if socket.ws.close_code in {1000, 1001}:
                self.sessions.pop(session.id, None)
        self._tell_presence()

    def _tell_presence(self) -> None:
        if self.online != self.was_online:
            self.was_online = self.online
            self.state.bus.tell(Event("ready" if self.online else "offline"))
        else:
            self.state.bus.stir()

    def _refusal(self, socket: Socket, text: str) -> int | None:
        """The close code for a frame that breaks a rule: too many, too long, no JSON, before or after IDENTIFY."""
        now = asyncio.get_running_loop().time()
        socket.frames = [*(at for at in socket.frames if now - at < 60), now]
        if len(socket.frames) > _FRAMES_PER_MINUTE:
            return 4008
        try:
            op = json.loads(text).get("op") if len(text) <= _FRAME_BYTES else None
        except (ValueError, AttributeError):
            op = None
        if not isinstance(op, int):
            return 4002
        if socket.session is None and op not in {1, 2, 6}:
            return 4003
        return 4005 if socket.session is not None and op == 2 else None

    async def _receive(self, socket: Socket, text: str) -> None:
        refusal = self._refusal(socket, text)
        if refusal is not None:
            await socket.ws.close(code=refusal)
            return
        frame = json.loads(text)
        op, data = frame.get("op"), frame.get("d")
        if op == 1:
            self.heartbeats += 1
            self.state.bus.stir()
            if not self.state.faults.deaf:
                self.state.spawn(self._acknowledge(socket))
        elif op == 2 and isinstance(data, dict):
            await self._identify(socket, data)
        elif op == 6 and isinstance(data, dict):
            await self._resume(socket, data)
        elif op == 8 and isinstance(data, dict):
            await self._members(socket, data)
        elif op not in {3, 4, 8}:
            await socket.ws.close(code=4001, message=b"Unknown opcode.")

    async def _acknowledge(self, socket: Socket) -> None:
        """After as long as a network takes: discord.py notes when it sent a heartbeat only after it has sent it, and
        takes an answer that is there sooner for the answer to the one before, 41 seconds late."""
        await asyncio.sleep(_ON_ITS_WAY_SECONDS)
        await socket.send({"op": 11, "d": None, "s": None, "t": None})

    async def _identify(self, socket: Socket, data: Json) -> None:
        self.identifies.append(data)
        if data.get("token") != self.state.token:
            await socket.ws.close(code=4004, message=b"Authentication failed.")
            return
        intents = int(data.get("intents", 0))
        for intent, flags in _PRIVILEGED.items():
            if intents & intent and not self.state.application_flags & flags:
                await socket.ws.close(code=4014, message=b"Disallowed intent(s).")
                return
        shard = tuple(data.get("shard") or (0, 1))
        session = Session(secrets.token_hex(16), intents, (shard[0], shard[1]), socket)
        for old in [s for s in self.sessions.values() if s.shard == session.shard and not s.connected]:
            del self.sessions[old.id]
        self.sessions[session.id] = session
        socket.session = session
        world = self.state.world
        guilds = [g for g in world.guilds.values() if world.bot.id in g.members and self._owns(session, g.id)]
        self._emit(session, "READY", {
            "v": 10, "user": world.bot.json() | {"verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds], "session_id": session.id,
            "resume_gateway_url": self.state.gateway_url, "shard": list(session.shard), "private_channels": [],
            "application": {"id": world.bot.id, "flags": self.state.application_flags}, "_trace": [],
        })  # fmt: skip
        if intents & GUILDS:
            for guild in guilds:
                body = guild_create_json(world, guild, all_members=bool(intents & GUILD_MEMBERS))
                self._emit(session, "GUILD_CREATE", body)
        self._tell_presence()

    async def _resume(self, socket: Socket, data: Json) -> None:
        self.resumes.append(data)
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or data.get("token") != self.state.token:
            await socket.send({"op": 9, "d": False, "s": None, "t": None})
            return
        session.socket, socket.session = socket, session
        session.resumes += 1
        for event in [event for event in session.events if event["s"] > int(data.get("seq") or 0)]:
            await socket.send(event)
        self._emit(session, "RESUMED", {})
        self._tell_presence()

    async def _members(self, socket: Socket, data: Json) -> None:
        guild = self.state.world.guilds.get(str(data.get("guild_id")))
        if guild is None or socket.session is None:
            return
        members = [member_json(self.state.world, member) for member in guild.members.values()]
        chunk: Json = {"guild_id": guild.id, "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": []}
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        self._emit(socket.session, "GUILD_MEMBERS_CHUNK", chunk)

    # Events

    @staticmethod
    def _owns(session: Session, guild_id: str | None) -> bool:
        index, count = session.shard
        return (int(guild_id) >> 22) % count == index if guild_id else index == 0

    def dispatch(self, kind: str, data: Json, guild_id: str | None, *, needs: int = 0) -> bool:
        """Send to the shards that own the guild (None: shard 0) and asked for the intent. False: no session got it."""
        chosen = [s for s in self.sessions.values() if self._owns(s, guild_id) and (s.intents & needs == needs)]
        for session in chosen:
            self._emit(session, kind, data)
        return bool(chosen)

    def _emit(self, session: Session, kind: str, data: Json) -> None:
        session.seq += 1
        faults = self.state.faults
        event: Json = {"op": 0, "t": kind, "s": session.seq, "d": faults.without_omitted(kind, data)}
        session.events = [*session.events[-_KEPT_EVENTS:], event]
        if session.socket is None or faults.deaf:
            return
        if faults.lose_events > 0 and kind not in {"READY", "GUILD_CREATE", "RESUMED"}:
            faults.lose_events -= 1
            return
        twice = faults.duplicate_events and kind not in {"READY", "GUILD_CREATE", "RESUMED"}
        session.socket.outbox.extend([json.dumps(event)] * (2 if twice else 1))
        self.state.spawn(session.socket.flush())

    def _on_event(self, event: Event) -> None:
        if event.message is not None and event.kind.startswith("message_"):
            self._message_event(event.kind.upper(), event.message)

    def _message_event(self, kind: str, message: Message) -> None:
        world = self.state.world
        channel = world.channels.get(message.channel_id)
        if channel is None or not world.bot_is_in(channel):
            return
        if not world.permissions(channel, world.bot.id) & bits.VIEW_CHANNEL:
            return
        # Events of ephemeral messages come as if from a private channel.
        guild_id = None if message.ephemeral else channel.guild_id
        needs = GUILD_MESSAGES if guild_id else DIRECT_MESSAGES
        for session in self.sessions.values():
            if self._owns(session, guild_id) and session.intents & needs:
                self._emit(session, kind, self._message_json(kind, message, guild_id, session))

    def _message_json(self, kind: str, message: Message, guild_id: str | None, session: Session) -> Json:
        if kind == "MESSAGE_DELETE":
            data: Json = {"id": message.id, "channel_id": message.channel_id}
        else:
            content = bool(session.intents & MESSAGE_CONTENT) and self.state.content_granted
            data = self.state.messages.json_for_bot(message, content=content)
        if guild_id is not None:
            data["guild_id"] = guild_id
            member = self.state.world.guilds[guild_id].members.get(message.author_id)
            if member is not None and kind != "MESSAGE_DELETE":
                data["member"] = member_json(self.state.world, member, user=False)
        return data

    def channel_event(self, kind: str, channel_id: str) -> None:
        """CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE, THREAD_UPDATE."""
        channel = self.state.world.channels[channel_id]
        self.dispatch(kind, channel_json(self.state.world, channel), channel.guild_id, needs=GUILDS)

    # Misbehaviour

    async def _each(self, act: Callable[[Socket], Any]) -> None:
        for socket in list(self.sockets):
            result = act(socket)
            if result is not None:
                await result

    async def drop(self, code: int | None = None) -> None:
        """Lose every connection: abruptly, or with a close code."""
        if code is None:
            await self._each(Socket.cut)
        else:
            await self._each(lambda socket: socket.ws.close(code=code))

    async def reconnect(self) -> None:
        """Op 7: ask every client to come back and resume."""
        await self._each(lambda socket: socket.send({"op": 7, "d": None, "s": None, "t": None}))

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9."""
        if not resumable:
            self.sessions.clear()
        await self._each(lambda socket: socket.send({"op": 9, "d": resumable, "s": None, "t": None}))

    async def close(self) -> None:
        await self.drop(1001)
