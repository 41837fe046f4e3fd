"""Every REST request with its answer, for tests to look at and to hold against the specification."""

from __future__ import annotations

from collections import deque
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


class Recording:
    """The newest exchanges, oldest first."""

    def __init__(self, keep: int = 20_000) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=keep)

    def __iter__(self) -> Any:
        return iter(self.exchanges)

    def of(self, method: str, route: str) -> list[Exchange]:
        """Those of one operation, its route written as in Discord's docs."""
        return [e for e in self.exchanges if e.method == method and e.route == route]
