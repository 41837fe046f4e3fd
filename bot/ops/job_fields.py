"""The fields that every line of the log about a job has, whoever writes it: looked up by the job's id in the line."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from bot.rules.jobs import Job

_JOB = re.compile(r"\bjob ([0-9a-f]{32})\b")
_KNOWN_MAX = 20_000
_SHARD_SHIFT = 22
"""Discord's rule: which shard a server belongs to is said by its id without its lowest 22 bits."""


class JobFields:
    """A processor that adds `job`, and of a job that this process has met `guild`, `user`, `model`, `service`, `shard`
    and `seconds` (since it was accepted)."""

    def __init__(self) -> None:
        self.shard_count: int | None = None
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def note(self, job: Job, service: str | None) -> None:
        """From now on lines about the job have its fields. The oldest of many thousands are forgotten."""
        fields = {
            "guild": job.requester.guild_id,
            "user": job.requester.user_id,
            "model": job.request.model,
            "service": service,
            "accepted": job.accepted_at.timestamp(),
        }
        self._known[job.id] = fields
        self._known.move_to_end(job.id)
        while len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        named = event.get("job") or _named_in(str(event.get("event", "")))
        if named is None:
            return event
        event["job"] = named
        fields = dict(self._known.get(named, {}))
        accepted = fields.pop("accepted", None)
        if accepted is not None:
            fields["seconds"] = round(max(0.0, time.time() - accepted), 3)
            if self.shard_count and fields["guild"] is not None:
                fields["shard"] = (fields["guild"] >> _SHARD_SHIFT) % self.shard_count
        for name, value in fields.items():
            if value is not None:
                event.setdefault(name, value)
        return event


def _named_in(text: str) -> str | None:
    found = _JOB.search(text)
    return found[1] if found else None


JOB_FIELDS = JobFields()
"""One for the process, as its log is."""
