"""Requests that wait for their member's word: kept for an hour, shown as a picture, and taken once."""

from __future__ import annotations

import json
from typing import Protocol

from pydantic import ValidationError

from bot.errors import DraftGone
from bot.rules.catalog import Catalog, Model
from bot.rules.clock import Clock
from bot.rules.drafts import Draft, Preview, draft_id, ended_before, is_over
from bot.rules.requests import VideoRequest
from bot.store.notes import Notes

_PREFIX = "draft:"


class Previewer(Protocol):
    """Draws what a request would do."""

    async def preview(self, request: VideoRequest, model: Model) -> Preview:
        """Raises a leaf of `bot.errors.InputRejected`; nothing stays on disk."""
        ...


class Drafts:
    """Every method may raise `DatabaseUnavailable`. A draft is no job: no limit counts it, nothing is submitted."""

    def __init__(self, notes: Notes, *, previewer: Previewer, catalog: Catalog, clock: Clock) -> None:
        self._notes = notes
        self._previewer = previewer
        self._catalog = catalog
        self._clock = clock

    async def preview(self, request: VideoRequest) -> Preview:
        """Raises a leaf of `InputRejected` for a picture that can't be used."""
        return await self._previewer.preview(request, self._catalog.get(request.model))

    async def keep(self, draft: Draft) -> str:
        """The id under which it can be had for an hour. Drafts that are over are forgotten on the way."""
        await self.sweep()
        key = draft_id(self._clock.now())
        await self._notes.put(_PREFIX + key, draft.model_dump_json())
        return key

    async def sweep(self) -> None:
        """Forget those that are over."""
        await self._notes.drop_between(_PREFIX, _PREFIX + ended_before(self._clock.now()))

    async def get(self, key: str, user_id: int) -> Draft:
        """Raises `DraftGone`, for what is somebody else's, too."""
        return self._read(key, user_id, await self._notes.get(_PREFIX + key))

    async def take(self, key: str, user_id: int) -> Draft:
        """Give and forget it, so that two presses start one job. Raises `DraftGone`."""
        await self.get(key, user_id)
        return self._read(key, user_id, await self._notes.take(_PREFIX + key))

    async def put_back(self, key: str, draft: Draft) -> None:
        """What was taken could not be used after all: its member may try again."""
        await self._notes.put(_PREFIX + key, draft.model_dump_json())

    async def drop(self, key: str) -> None:
        await self._notes.drop(_PREFIX + key)

    async def forget(self, user_id: int) -> None:
        """Drop all of the member's, which a version other than this may have written."""
        for key, text in (await self._notes.between(_PREFIX, _PREFIX + "g")).items():  # ids are hexadecimal
            if json.loads(text).get("user_id") == user_id:
                await self._notes.drop(key)

    def _read(self, key: str, user_id: int, text: str | None) -> Draft:
        if text is None or is_over(key, self._clock.now()):
            raise DraftGone
        try:
            draft = Draft.model_validate_json(text)
        except ValidationError:  # written by another version
            raise DraftGone from None
        if draft.user_id != user_id:
            raise DraftGone
        return draft
