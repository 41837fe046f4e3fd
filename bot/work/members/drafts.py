"""Requests that their members have not confirmed yet: kept for an hour, shown as a picture, and taken once."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections import deque
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError

from bot.errors import DatabaseUnavailable, DraftGone, TooManyPreviews
from bot.rules.catalog import Catalog, Model
from bot.rules.clock import Clock
from bot.rules.drafts import PREVIEWS_MAX, PREVIEWS_WITHIN, Draft, Preview
from bot.rules.jobs import A_MOMENT, Requester
from bot.rules.requests import VideoRequest
from bot.store.notes import TemporaryNotes

log = logging.getLogger(__name__)


class Previewer(Protocol):
    """Draws what a request would do."""

    async def preview(self, request: VideoRequest, model: Model, by: Requester) -> Preview:
        """`by` is whose turn it takes. Raises a leaf of `bot.errors.InputRejected`, or `FilesUnavailable`; nothing
        stays on disk."""
        ...


_TAKEN = "taken:"


class Drafts:
    """Every method may raise `DatabaseUnavailable`. A draft is no job: no limit counts it, nothing is submitted."""

    def __init__(self, notes: TemporaryNotes, *, previewer: Previewer, catalog: Catalog, clock: Clock) -> None:
        self._notes = notes
        self._previewer = previewer
        self._catalog = catalog
        self._clock = clock
        self._late: set[asyncio.Task[None]] = set()
        self._asked: dict[int, deque[datetime]] = {}

    def count_preview(self, user_id: int) -> None:
        """One more preview of the member's. Raises `TooManyPreviews` where they have to wait for it."""
        now = self._clock.now()
        for member in [member for member, times in self._asked.items() if now - times[-1] >= PREVIEWS_WITHIN]:
            del self._asked[member]
        times = self._asked.setdefault(user_id, deque(maxlen=PREVIEWS_MAX))
        if len(times) == PREVIEWS_MAX and now - times[0] < PREVIEWS_WITHIN:
            raise TooManyPreviews(limit=PREVIEWS_MAX, until=times[0] + PREVIEWS_WITHIN)
        times.append(now)

    async def preview(self, request: VideoRequest, by: Requester) -> Preview:
        """`by` is whose turn it takes. Raises a leaf of `InputRejected` for a picture that can't be used, and
        `FilesUnavailable`."""
        return await self._previewer.preview(request, self._catalog.get(request.model), by)

    async def keep(self, draft: Draft) -> str:
        """The id under which it can be had for an hour: 32 hexadecimal digits, as job ids are."""
        key = uuid.uuid4().hex
        await self._notes.put(key, draft.model_dump_json())
        return key

    async def get(self, key: str, user_id: int) -> Draft:
        """Raises `DraftGone`, for what is somebody else's, too."""
        return _read(await self._notes.get(key), user_id)

    async def take(self, key: str, user_id: int) -> Draft:
        """Give and forget it, so that two presses start one job. Raises `DraftGone`."""
        await self.get(key, user_id)
        # Before it is gone: a second press, in another process perhaps, must find one of the two.
        taken = json.dumps({"user_id": user_id, "at": self._clock.now().isoformat()})
        await self._notes.put(f"{_TAKEN}{key}", taken)
        return _read(await self._notes.take(key), user_id)

    async def just_taken(self, key: str, user_id: int) -> bool:
        """Whether the same member took it a moment ago, in whichever process."""
        text = await self._notes.get(f"{_TAKEN}{key}")
        taken = json.loads(text) if text else {}
        return taken.get("user_id") == user_id and self._clock.now() - datetime.fromisoformat(taken["at"]) < A_MOMENT

    async def put_back(self, key: str, draft: Draft) -> None:
        """What was taken could not be used after all: its member may try again, for another hour."""
        await self._notes.put(key, draft.model_dump_json())

    def put_back_late(self, key: str, taking: asyncio.Future[Draft]) -> None:
        """The member was told to try again while it was still being taken: put it back once it is."""
        task = asyncio.create_task(self._put_back_once_taken(key, taking))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _put_back_once_taken(self, key: str, taking: asyncio.Future[Draft]) -> None:
        await asyncio.wait({taking})
        if taking.cancelled() or taking.exception() is not None:
            return
        try:
            await self.put_back(key, taking.result())
        except DatabaseUnavailable as exc:
            log.warning("a draft that was taken too late is lost: %s", exc)

    async def drop(self, key: str) -> None:
        await self._notes.drop(key)

    async def forget(self, user_id: int) -> None:
        """Drop all of the member's, whichever version wrote them."""
        for key, text in (await self._notes.all()).items():
            if json.loads(text).get("user_id") == user_id:
                await self._notes.drop(key)


def _read(text: str | None, user_id: int) -> Draft:
    if text is None:
        raise DraftGone
    try:
        draft = Draft.model_validate_json(text)
    except ValidationError:  # written by another version
        raise DraftGone from None
    if draft.user_id != user_id:
        raise DraftGone
    return draft
