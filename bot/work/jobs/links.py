"""Addresses at which a result too large for Discord can be fetched: the bucket's own, or our own server's."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.files import StoredFiles
from bot.ops.downloads import Downloads
from bot.rules.clock import Clock
from bot.work.jobs.context import result_key

_S3_LONGEST = timedelta(days=7)
"""The longest that S3 signs for (AWS, "Sharing objects with presigned URLs")."""


class ResultLinks:
    """`bot.rules.media.Links`. A bucket signs its own addresses, which spares our process the bytes."""

    def __init__(self, files: StoredFiles, downloads: Downloads, *, lifetime: timedelta, clock: Clock) -> None:
        self._files = files
        self._downloads = downloads
        self._lifetime = lifetime
        self._clock = clock

    async def link(self, job_id: str, name: str, *, ended_at: datetime | None = None) -> tuple[str, datetime] | None:
        """The address and when it dies; None where there is no way to offer one. Of a job that has ended the video is
        kept no longer than its lifetime from then on."""
        left = self._lifetime if ended_at is None else ended_at + self._lifetime - self._clock.now()
        lifetime = min(left, self._lifetime, _S3_LONGEST)
        if lifetime <= timedelta():
            return None
        address = await self._files.link(result_key(job_id), lifetime)
        if address is not None:
            return address, self._clock.now() + lifetime
        return self._downloads.link(job_id, name, min(left, self._lifetime))
