"""A gateway session and the socket that it is on at the moment, if any."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.discord.responses import Json


@dataclass(slots=True)
class Session:
    """`socket` is None while the client is away; `events` are those that a resume may replay."""

    id: str
    intents: int
    shard: tuple[int, int]
    socket: Socket | None
    seq: int = 0
    events: list[Json] = field(default_factory=list)
    resumes: int = 0

    @property
    def connected(self) -> bool:
        return self.socket is not None


class Socket:
    """One WebSocket connection. Frames are sent in order; putting one into `outbox` waits for nothing."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self.ws = ws
        self.outbox: list[str] = []
        self.session: Session | None = None
        self.frames: list[float] = []
        self._sending = False

    async def send(self, payload: Json) -> None:
        self.outbox.append(json.dumps(payload))
        await self.flush()

    async def flush(self) -> None:
        if self._sending:
            return
        self._sending = True
        try:
            while self.outbox and not self.ws.closed:
                await self.ws.send_str(self.outbox.pop(0))
        except (ConnectionError, RuntimeError):
            self.outbox.clear()
        finally:
            self._sending = False

    def cut(self) -> None:
        """Lose the connection without a closing handshake."""
        transport = self.ws._req.transport if self.ws._req is not None else None  # noqa: SLF001
        if transport is not None:
            transport.abort()
