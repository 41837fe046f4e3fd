"""A Discord with many servers of one channel, and as many members as there are commands, for load tests.

`python -m benchmarks.load.discord_server`. `POST /_load/commands` sends interactions; `/_load/report` lists for each
when it was acknowledged, whether privately, when its clip was visible, and by how many requests.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from benchmarks.load import world
from benchmarks.load.serving import Json, answer, body_of, json_of, processor_seconds, serve

PREFIX = "/api/v10"
EPHEMERAL = 1 << 6
_TICK = 0.02
"""Seconds between the batches of commands that are sent at a rate, and before a heartbeat is acknowledged."""


@dataclass(slots=True)
class Reply:
    """The answer to one command. Times are None until they come; `message` is as Discord would show it, `told` the
    text of the last follow-up."""

    number: int
    interaction_id: str
    sent: float
    acknowledged: float | None = None
    private: bool = False
    visible: float | None = None
    requests: int = 0
    message: Json = field(default_factory=dict)
    told: str = ""


class DiscordServer:
    def __init__(self, guilds: int, picture: Path | None = None) -> None:
        self.guilds = guilds
        self.picture = picture
        self.commands: list[Json] = []
        self.sockets: set[web.WebSocketResponse] = set()
        self.identified: float | None = None
        self.replies: dict[str, Reply] = {}
        self.counts: Counter[str] = Counter()
        self._sequence = itertools.count(1)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith(PREFIX):
            return await self._rest(request, path[len(PREFIX) :].split("/")[1:])
        if path.startswith("/gateway"):
            return await self._gateway(request)
        match request.method, path:
            case "GET", "/attachments/1/1/photo.jpg" if self.picture is not None:
                return web.FileResponse(self.picture)
            case "GET", "/_load/state":
                return answer(self._state())
            case "GET", "/_load/report":
                return answer(self._report())
            case "POST", "/_load/commands":
                return await self._send_commands(await json_of(request))
            case "POST", "/_load/reset":
                self.replies.clear()
                self.counts.clear()
                return answer({})
        return answer({"message": "404: Not Found", "code": 0}, 404)

    # REST

    async def _rest(self, request: web.BaseRequest, parts: list[str]) -> web.Response:
        body = await body_of(request)
        kind = request.headers.get("Content-Type", "")
        match request.method, parts:
            case "POST", ["interactions", _, token, "callback"]:
                return self._callback(token, *payload_of(body, kind))
            case method, ["webhooks", _, token, "messages", name]:
                self.counts[f"{method} reply"] += 1
                return self._reply_request(method, token, name, *payload_of(body, kind))
            case "POST", ["webhooks", _, token]:
                self.counts["POST follow-up"] += 1
                return self._follow_up(token, *payload_of(body, kind))
            case method, ["channels", _, "messages", *_]:
                self.counts[f"{method} message"] += 1
                return answer(world.message(world.new_id(), *payload_of(body, kind)))
            case _, ["applications", _, *_, "commands"]:
                if request.method == "PUT":
                    self.commands = [world.registered(command) for command in orjson.loads(body)]
                return answer(self.commands)
            case "GET", ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": 1000, "reset_after": 14_400_000, "max_concurrency": 1}
                return answer({"url": self._gateway_url(request), "shards": 1, "session_start_limit": limit})
            case "GET", _ if (known := world.resource(parts)) is not None:
                return answer(known)
        self.counts[f"{request.method} {'/'.join(parts)}"] += 1
        return answer({"message": "404: Not Found", "code": 0}, 404)

    @staticmethod
    def _gateway_url(request: web.BaseRequest) -> str:
        return f"ws://{request.host}/gateway"

    def _callback(self, token: str, data: Json, files: list[Json]) -> web.Response:
        self.counts["POST callback"] += 1
        reply = self.replies.get(token)
        if reply is None:
            return answer({"message": "Unknown interaction", "code": 10062}, 404)
        if reply.acknowledged is not None:
            return answer({"message": "Interaction has already been acknowledged.", "code": 40060}, 400)
        reply.acknowledged = time.monotonic()
        reply.requests += 1
        message = data.get("data") or {}
        reply.private = bool(int(message.get("flags") or 0) & EPHEMERAL)
        self._write(reply, world.new_id(), message, files)
        about = {
            "id": reply.interaction_id,
            "type": 2,
            "response_message_id": reply.message["id"],
            "response_message_loading": data["type"] == 5,
            "response_message_ephemeral": reply.private,
        }
        resource = {"resource": {"type": 4, "message": reply.message}} if data["type"] == 4 else {}
        return answer({"interaction": about, **resource})

    def _reply_request(self, method: str, token: str, name: str, data: Json, files: list[Json]) -> web.Response:
        reply = self.replies.get(token)
        if reply is None:
            return answer({"message": "Invalid Webhook Token", "code": 50027}, 401)
        reply.requests += 1
        if method == "DELETE":
            return web.Response(status=204)
        if method == "PATCH":
            self._write(reply, name if name != "@original" else str(reply.message.get("id")), data, files)
        return answer(reply.message)

    def _follow_up(self, token: str, data: Json, files: list[Json]) -> web.Response:
        reply = self.replies.get(token)
        if reply is None:
            return answer({"message": "Invalid Webhook Token", "code": 50027}, 401)
        reply.requests += 1
        reply.private = reply.private or bool(int(data.get("flags") or 0) & EPHEMERAL)
        reply.told = str(data.get("content") or reply.told)
        self._see(reply, files)
        return answer(world.message(world.new_id(), data, files))

    def _write(self, reply: Reply, message_id: str, data: Json, files: list[Json]) -> None:
        reply.message = world.message(message_id, reply.message | data, files)
        self._see(reply, files)

    @staticmethod
    def _see(reply: Reply, files: list[Json]) -> None:
        if reply.visible is None and any(file["filename"].endswith(".mp4") for file in files):
            reply.visible = time.monotonic()

    # The gateway

    async def _gateway(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await self._send(socket, 10, {"heartbeat_interval": 41250})
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._receive(socket, orjson.loads(frame.data), self._gateway_url(request))
        finally:
            self.sockets.discard(socket)
        return socket

    async def _receive(self, socket: web.WebSocketResponse, frame: Json, url: str) -> None:
        match frame["op"]:
            case 1:
                # Not at once: discord.py notes when it sent a heartbeat after it has sent it, and takes an answer that
                # comes before that for one to the heartbeat before.
                await asyncio.sleep(_TICK)
                await self._send(socket, 11, None)
            case 2:
                self.identified = time.monotonic()
                shard = tuple(frame["d"].get("shard") or (0, 1))
                await self._send(socket, 0, world.ready(shard, url, self.guilds), "READY")
                for number in range(self.guilds):
                    await self._send(socket, 0, world.guild(number), "GUILD_CREATE")
                self.sockets.add(socket)
            case 6:
                await self._send(socket, 9, False)

    async def _send(self, socket: web.WebSocketResponse, op: int, data: Any, kind: str | None = None) -> None:
        number = next(self._sequence) if op == 0 else None
        await socket.send_str(orjson.dumps({"op": op, "d": data, "s": number, "t": kind}).decode())

    # Orders

    async def _send_commands(self, wanted: Json) -> web.Response:
        """`name`, `first` (the number of the first), `count`, `rate` a second (null: all at once), and `url`, where the
        picture is fetched from that comes with each (null: none)."""
        command = next((command for command in self.commands if command["name"] == wanted["name"]), None)
        socket = next(iter(self.sockets), None)  # one shard has all the servers
        if command is None or socket is None:
            return answer({"error": "the bot is not online or has no such command"}, 409)
        numbers = range(wanted["first"], wanted["first"] + wanted["count"])
        frames = []
        for number in numbers:
            data = world.interaction(number, command, self.guilds, self._attached(wanted.get("url")))
            frames.append((number, data, orjson.dumps({"op": 0, "d": data, "s": next(self._sequence),
                                                       "t": "INTERACTION_CREATE"}).decode()))  # fmt: skip
        at_once = max(1, round(wanted["rate"] * _TICK)) if wanted.get("rate") else len(frames)
        begun = time.monotonic()
        for done in range(0, len(frames), at_once):
            if wanted.get("rate"):
                await asyncio.sleep(begun + done / wanted["rate"] - time.monotonic())
            for number, data, text in frames[done : done + at_once]:
                self.replies[data["token"]] = Reply(number, data["id"], time.monotonic())
                await socket.send_str(text)
        return answer({"sent": len(frames)})

    def _attached(self, url: str | None) -> Json | None:
        if url is None or self.picture is None:
            return None
        size = self.picture.stat().st_size
        return {"id": world.new_id(), "filename": "photo.jpg", "size": size, "content_type": "image/jpeg", "url": url,
                "proxy_url": url, "width": 4032, "height": 3024, "ephemeral": True}  # fmt: skip

    def _state(self) -> Json:
        replies = self.replies.values()
        return {
            "online": len(self.sockets),
            "identified": self.identified,
            "commands": [command["name"] for command in self.commands],
            "sent": len(replies),
            "acknowledged": sum(reply.acknowledged is not None for reply in replies),
            "visible": sum(reply.visible is not None for reply in replies),
        }

    def _report(self) -> Json:
        """`replies`: number, sent, acknowledged, private, visible and requests of each, and its text while it has no
        clip."""
        listed = [
            [r.number, r.sent, r.acknowledged, r.private, r.visible, r.requests, _text(r) if r.visible is None else ""]
            for r in self.replies.values()
        ]
        return {"replies": listed, "counts": dict(self.counts), "processor_seconds": processor_seconds()}


def _text(reply: Reply) -> str:
    embeds = [
        f"{embed.get('title') or ''} {embed.get('description') or ''}" for embed in reply.message.get("embeds", [])
    ]
    return " ".join([reply.told, reply.message.get("content") or "", *embeds]).strip()


def payload_of(body: bytes, kind: str) -> tuple[Json, list[Json]]:
    """The JSON of a request, and the name and size of each file that came with it."""
    if not kind.startswith("multipart/"):
        return (orjson.loads(body) if body else {}), []
    data: Json = {}
    files = []
    for part in body.split(b"--" + kind.partition("boundary=")[2].strip('"').encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if b'name="payload_json"' in head:
            data = orjson.loads(content)
        else:
            filename = head.partition(b'filename="')[2].partition(b'"')[0].decode()
            files.append({"filename": filename, "size": len(content) - 2})
    return data, files


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m benchmarks.load.discord_server", description=__doc__)
    options.add_argument("--guilds", type=int, default=200)
    options.add_argument("--picture", type=Path, help="what members attach")
    given = options.parse_args()
    asyncio.run(serve(DiscordServer(given.guilds, given.picture).handle))
