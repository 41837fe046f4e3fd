"""Time limits, retries and concurrency of the clients: values whose defaults suit the real services."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from bot.rules.backoff import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each thing may take. Waiting for other calls to end is not counted.

    `connect`: until there is a connection. `idle`: without a byte in either direction. `ask`: a whole status request.
    `upload` and `download`: one whole attempt.
    """

    connect: timedelta = timedelta(seconds=10)
    idle: timedelta = timedelta(seconds=60)
    ask: timedelta = timedelta(seconds=30)
    upload: timedelta = timedelta(minutes=20)
    download: timedelta = timedelta(minutes=20)

    def within(self, total: timedelta) -> aiohttp.ClientTimeout:
        """The same for aiohttp, for a call that may take `total`."""
        return aiohttp.ClientTimeout(
            total=total.total_seconds(),
            sock_connect=self.connect.total_seconds(),
            sock_read=self.idle.total_seconds() if self.idle < total else None,  # each limit is a timer for each call
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a call is tried again, and after which waits.

    Waits double from `first` to at most `longest`, each shortened by up to half at random; `Retry-After` makes them
    longer, and where it asks for more than `patience` the call gives up rather than ask too early.
    """

    attempts: int = 5
    submit_attempts: int = 5
    first: timedelta = timedelta(seconds=0.5)
    longest: timedelta = timedelta(seconds=20)
    patience: timedelta = timedelta(minutes=5)

    def wait(self, tries: int, retry_after: float | None, rng: random.Random) -> float:
        """Seconds to wait after `tries` tries."""
        backoff = Backoff(first=self.first, longest=self.longest)
        return backoff.seconds(tries, chance=rng.random(), at_least=retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """How many calls of each kind are made at once. They are counted apart, so that no poll waits behind an upload."""

    asks: int = 32
    uploads: int = 32
    downloads: int = 32
