"""Events within the stand-in, for all who listen: the gateway, the open pages, waiting tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.message import Message
from sandbox.discord.responses import Json


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` in the words of the control surface; `only_for` the one user who may learn of it, or None for all."""

    kind: str
    data: Json = field(default_factory=dict)
    message: Message | None = None
    only_for: str | None = None


class Bus:
    """Listeners are called at once and in order; a waiter looks again after each event."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []
        self._waiters: set[asyncio.Future[None]] = set()

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for each event; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def tell(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)
        self.stir()

    def stir(self) -> None:
        """Let the waiters look again without an event."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], Any], timeout: float, what: str) -> Any:  # noqa: ASYNC109
        """The first truthy answer of `look`. Raises TimeoutError, naming `what`, after `timeout` real seconds."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not (found := look()):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait_for(waiter, deadline - asyncio.get_running_loop().time())
            except TimeoutError:
                raise TimeoutError(f"waited {timeout} s in vain for {what}") from None
            finally:
                self._waiters.discard(waiter)
        return found
