"""Rate limits: buckets with headers on each answer, the global one, and the count of invalid requests."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field

from sandbox.discord.clock import StandInClock
from sandbox.discord.responses import TooMany


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` requests in `per` seconds."""

    limit: int
    per: float


@dataclass(slots=True)
class _Bucket:
    rate: Rate
    begins: float = 0.0
    used: int = 0


@dataclass(slots=True)
class Rates:
    """Generous unless `set` or `realistic` says otherwise: discord.py sleeps for real when a bucket is empty."""

    clock: StandInClock
    default: Rate = field(default=Rate(1000, 1.0))
    all_routes: Rate | None = None
    invalid: int = 0
    invalid_limit: int = 10_000
    too_many: int = 0
    _invalid_at: deque[float] = field(default_factory=deque)
    _rules: dict[tuple[str, str], Rate] = field(default_factory=dict)
    _buckets: dict[tuple[str, str, str], _Bucket] = field(default_factory=dict)
    _global: _Bucket | None = None
    _old_edits: dict[str, list[float]] = field(default_factory=dict)

    def set(self, method: str, route: str, limit: int, per: float) -> None:
        """`route` as in Discord's docs, such as `/channels/{channel_id}/messages`."""
        self._rules[method, route] = Rate(limit, per)
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if key[:2] != (method, route)}

    def realistic(self) -> None:
        """What has been observed: 50/s for a bot, 5 per 5 s for a channel's messages, 5 per 2 s for a token."""
        self.all_routes = Rate(50, 1.0)
        for method, route in (
            ("POST", "/channels/{channel_id}/messages"), ("PATCH", "/channels/{channel_id}/messages/{message_id}"),
        ):  # fmt: skip
            self.set(method, route, 5, 5.0)
        self.set("POST", "/webhooks/{webhook_id}/{webhook_token}", 5, 2.0)
        for method in ("GET", "PATCH", "DELETE"):
            for name in ("@original", "{message_id}"):
                self.set(method, "/webhooks/{webhook_id}/{webhook_token}/messages/" + name, 5, 2.0)

    def use(self, method: str, route: str, major: str, *, bot_route: bool) -> dict[str, str]:
        """Count one request; the headers of its answer. Raises `TooMany` (whose headers name the bucket as well)."""
        now = self.clock.timestamp()
        if bot_route and self.all_routes is not None:
            self._global = self._turned(self._global or _Bucket(self.all_routes), now)
            self._global.used += 1
            if self._global.used > self._global.rate.limit:
                raise TooMany(self._global.begins + self._global.rate.per - now, scope="global", is_global=True)
        key = (method, route, major)
        bucket = self._turned(self._buckets.get(key) or _Bucket(self._rules.get((method, route), self.default)), now)
        self._buckets[key] = bucket
        bucket.used += 1
        if bucket.used > bucket.rate.limit:
            raise TooMany(bucket.begins + bucket.rate.per - now)
        return self.headers(method, route, major)

    @staticmethod
    def _turned(bucket: _Bucket, now: float) -> _Bucket:
        if now >= bucket.begins + bucket.rate.per:
            bucket.begins, bucket.used = now, 0
        return bucket

    def headers(self, method: str, route: str, major: str) -> dict[str, str]:
        bucket = self._buckets.get((method, route, major))
        if bucket is None:
            return {}
        ends = bucket.begins + bucket.rate.per
        return {
            "X-RateLimit-Limit": str(bucket.rate.limit),
            "X-RateLimit-Remaining": str(max(0, bucket.rate.limit - bucket.used)),
            "X-RateLimit-Reset": f"{ends:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, ends - self.clock.timestamp()):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32],
        }

    def edit_of_old_message(self, channel_id: str) -> None:
        """Edits of messages older than an hour: three in six seconds a channel, else code 30046."""
        now = self.clock.timestamp()
        recent = [at for at in self._old_edits.get(channel_id, []) if now - at < 6]
        if len(recent) >= 3:
            raise TooMany(recent[0] + 6 - now, code=30046)
        self._old_edits[channel_id] = [*recent, now]

    def count(self, status: int, scope: str | None) -> None:
        """Statuses 401, 403 and 429 count towards the ban of an address, shared 429s aside."""
        self.too_many += status == 429
        if status in {401, 403} or (status == 429 and scope != "shared"):
            self.invalid += 1
            self._invalid_at.append(self.clock.timestamp())

    def check_ban(self) -> None:
        """`invalid_limit` invalid requests in ten minutes, and nothing but Cloudflare's page is answered."""
        now = self.clock.timestamp()
        while self._invalid_at and now - self._invalid_at[0] > 600:
            self._invalid_at.popleft()
        if len(self._invalid_at) >= self.invalid_limit:
            raise TooMany(self._invalid_at[0] + 600 - now, via=False)
