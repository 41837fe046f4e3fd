"""The ways to a member: the reply by its token, the reply as the bot, a direct message; and which of them are closed.

What Discord has refused is not asked again: 10,000 refusals in ten minutes ban the address (developers/topics/
rate-limits, "Invalid Request Limit").
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import discord
from cachetools import LRUCache

from bot.rules.backoff import Backoff, retry
from bot.rules.clock import Clock
from bot.rules.jobs import Reply

log = logging.getLogger(__name__)

# discord.py lets its HTTP library's errors through; not all of them are OSErrors (a server that hangs up is none).
CONNECTION_LOST: tuple[type[Exception], ...] = (
    OSError,
    asyncio.TimeoutError,
    discord.http.aiohttp.ClientError,  # type: ignore[attr-defined]  # named by way of discord.py: its choice, not ours
)

UNSENT: tuple[type[Exception], ...] = (*CONNECTION_LOST, discord.HTTPException)

UNSENT_OR_CLOSED: tuple[type[Exception], ...] = (*UNSENT, RuntimeError)
"""The same, and what discord.py raises once its session is closed: the bot is being stopped."""

# Discord's JSON error codes (developers/topics/opcodes-and-status-codes), as short words for rows and logs.
_UNKNOWN_MESSAGE, _ENTITY_TOO_LARGE = 10008, 40005
_REASONS = {
    10003: "channel_gone",
    _UNKNOWN_MESSAGE: "message_deleted",
    10015: "token_expired",
    50027: "token_expired",
    50001: "no_access",
    50013: "no_permission",
    50083: "thread_archived",
}
_MAY_COME_BACK = frozenset({"no_access", "no_permission", "thread_archived"})
"""Refusals that a moderator can take back: worth one more request for a video, none for a mere change of state."""

FINAL_STATUSES = frozenset({401, 403, 404})
"""Answers after which the same request is refused again, until somebody changes what it lacks."""

_TOKEN_MARGIN = timedelta(seconds=2)
"""A token that dies while the request is on its way is no use; our clock and Discord's differ a little, too."""

_REMEMBERED = 5000

_BACKOFF = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=60))

Edit = Callable[..., Awaitable[object]]
Payload = Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class EditRoute:
    """One way to edit one reply; `key` tells ways apart for as long as the process runs."""

    key: tuple[int | None, str]
    edit: Edit


class EditRoutes:
    """The ways to replies, and the memory of those that Discord has closed."""

    def __init__(self, client: discord.Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._closed: LRUCache[tuple[int | None, str], str] = LRUCache(_REMEMBERED)

    def to(self, reply: Reply, *, retry_closed: bool = False) -> Iterator[EditRoute]:
        """Each way that may be open, the best first; with `retry_closed` also those that may have been opened again."""
        if reply.token is not None and token_is_alive(reply, self._clock.now()):
            webhook = webhook_of(reply, self._client)
            way = EditRoute((reply.message_id, reply.token), functools.partial(webhook.edit_message, message_of(reply)))
            if self._open(way.key, retry_closed=retry_closed):
                yield way
        if not reply.only_by_token and reply.message_id is not None:
            channel = self._client.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
            way = EditRoute((reply.message_id, "bot"), channel.get_partial_message(reply.message_id).edit)
            if self._open(way.key, retry_closed=retry_closed):
                yield way

    def why_closed(self, reply: Reply) -> str:
        """The last known reason why no way leads to the reply."""
        asked = [(reply.message_id, "bot"), (reply.message_id, reply.token or "")]
        return next((self._closed[key] for key in asked if key in self._closed), "token_expired")

    def close(self, way: EditRoute, reason: str) -> None:
        """Remember the refusal; a deleted message is gone by every way. Where nobody knows yet which message it is,
        Discord may not have made it yet, and nothing is closed."""
        message_id, _ = way.key
        if message_id is None:
            return
        for key in {way.key, (message_id, "bot")} if reason == "message_deleted" else {way.key}:
            self._closed[key] = reason

    def _open(self, key: tuple[int | None, str], *, retry_closed: bool) -> bool:
        reason = self._closed.get(key)
        return reason is None or (retry_closed and reason in _MAY_COME_BACK)


def webhook_of(reply: Reply, client: discord.Client) -> discord.Webhook:
    """The way to the interaction that the reply's token opens, for edits and for follow-ups, private ones included."""
    webhook = discord.Webhook.partial(reply.application_id, reply.token or "", client=client)
    webhook.type = discord.WebhookType.application  # discord.py takes it for a channel's, which knows no privacy
    return webhook


def message_of(reply: Reply) -> Any:
    """How the reply is named on its token's addresses; discord.py takes Discord's own word for what answers first."""
    return "@original" if reply.message_id is None else reply.message_id


def token_is_alive(reply: Reply, now: datetime) -> bool:
    """Whether the token reaches the reply for long enough to send something."""
    expires = reply.token_expires_at
    return reply.token is not None and (expires is None or now + _TOKEN_MARGIN < expires)


async def reopened(reply: Reply, client: discord.Client) -> bool:
    """Open the reply's archived thread again, so that its messages can be edited; whether that went. One that somebody
    locked stays as it is, whatever the bot may do there."""
    if reply.guild_id is None or reply.user_install:
        return False
    try:
        thread = await client.fetch_channel(reply.channel_id)
        if not isinstance(thread, discord.Thread) or thread.locked:
            return False
        if thread.archived:
            await thread.edit(archived=False)
    except UNSENT as exc:
        log.info("the thread %s can't be opened again: %s", reply.channel_id, type(exc).__name__)
        return False
    return True


def refusal(exc: discord.HTTPException) -> str | None:
    """The reason where Discord has closed this way, None where it said something else."""
    known = _REASONS.get(exc.code)
    return known or (f"http_{exc.status}" if exc.status in FINAL_STATUSES else None)


def too_large(exc: discord.HTTPException) -> bool:
    """Whether it was the file's size that Discord refused."""
    return exc.status == 413 or exc.code == _ENTITY_TOO_LARGE


def passing(exc: Exception) -> bool:
    """Whether the connection or Discord itself failed, so that the same request may well succeed later."""
    return not isinstance(exc, discord.HTTPException) or exc.status == 429 or exc.status >= 500


async def send_with_retries(
    send: Edit, payload: Payload, attempts: int, *, clock: Clock, discords_failures_too: bool
) -> object:
    """Call `send` with a new payload (files are opened anew), up to `attempts` times while the connection fails.

    discord.py has tried Discord's own failures five times when it raises them, so that only a video is worth more
    tries after those (`discords_failures_too`). Raises the last of `UNSENT`.
    """

    def pause_after(error: Exception, tries: int) -> float | None:
        failing = isinstance(error, CONNECTION_LOST) or (discords_failures_too and passing(error))
        if not failing or not isinstance(error, UNSENT) or tries >= attempts:
            return None
        log.info("editing a reply failed, trying again: %s", type(error).__name__)
        return _BACKOFF.seconds(tries)

    async def attempt() -> object:
        parts = payload()
        try:
            return await send(**parts)
        finally:
            for file in parts.get("attachments", ()):
                file.fp.close()  # discord.py keeps what it was given open, and the collector comes late

    return await retry(attempt, pause_after, sleep=clock.sleep)
