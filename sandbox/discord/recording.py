"""Every REST request with its answer, for tests to look at and to hold against the specification."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Exchange:
    """`path` is without the API's prefix; `body` the JSON or the form's payload_json; `files` (field, name, bytes)."""

    at: datetime
    method: str
    path: str
    route: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Any = None
    files: list[tuple[str, str, int]] = field(default_factory=list)
    status: int = 0
    answer: Any = None
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """Method and route as in Discord's docs: `POST /channels/{channel_id}/messages`."""
        return f"{self.method} {self.route}"


def by_operation(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """How many of each operation, most first."""
    return dict(Counter(exchange.operation for exchange in exchanges).most_common())


class Recording:
    """The newest `keep` exchanges, oldest first. An exchange is added when its work is done, before its answer is sent.

    `total` counts all of them; `since(total at a moment)` are those that came after that moment.
    """

    def __init__(self, keep: int = 20_000) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=keep)
        self.total = 0

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def add(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.total += 1

    def since(self, total: int) -> list[Exchange]:
        """The exchanges after the first `total` ones, as far as they are kept."""
        count = min(self.total - total, len(self.exchanges))
        return list(self.exchanges)[len(self.exchanges) - count :]

    def of(self, method: str, route: str) -> list[Exchange]:
        """Those of one operation, its route written as in Discord's docs."""
        return [e for e in self.exchanges if e.method == method and e.route == route]

    def about(self, *ids: str) -> list[Exchange]:
        """Those whose path names one of these ids or tokens."""
        wanted = set(ids)
        return [e for e in self.exchanges if wanted & set(e.path.split("/"))]
