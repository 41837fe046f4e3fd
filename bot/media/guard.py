"""How the rest of `bot.media` has a file opened: a place in the line, a walled-in process, and its answer or error."""

from __future__ import annotations

import json
import logging
import os
import signal
from pathlib import Path
from typing import Any

from bot import errors
from bot.errors import InputRejected, ResultInvalid
from bot.fair_semaphore import FairSemaphore
from bot.media.faults import DISK_FAULT, TOO_LARGE
from bot.media.walls import WALLS, Bounds
from bot.media.workers import Ended, Workers
from bot.rules.jobs import Requester, fairness_group

log = logging.getLogger(__name__)

_TOO_SLOW = (-signal.SIGXCPU, -signal.SIGPROF)
"""How the kernel ends a task that uses a processor for too long: all of it, or a part."""

_WORKED = 0.5
"""Which share of its time by the clock a task must have had a processor for being too slow by itself."""


class ChildFailed(Exception):
    """The child ended without an answer: killed, out of memory or time, or broken by what it read."""


class ChildTooLarge(ChildFailed):
    """It needed more memory than its task may have."""


class ChildTooSlow(ChildFailed):
    """It was ended because it took more time, of the clock or of processors, than its task may."""


class ChildStarved(ChildTooSlow):
    """Most of its time by the clock it had no processor: the machine is busy, or its disk slow, and the file may be
    fine."""


class Guard:
    """Runs tasks, at most `at_once` at a time: encoding uses whole processor cores.

    Servers take turns, and in them members, each of whom has at most `each` places: a member whose every file takes as
    long as it may holds nobody up but themselves, where that is less than `at_once`.
    """

    def __init__(
        self, workers: Workers | None = None, *, at_once: int = 2, each: int | None = None, bounds: Bounds | None = None
    ) -> None:
        self.workers = workers or Workers()
        self._places = FairSemaphore(at_once, each=each)
        self._bounds = bounds or Bounds()
        self.missing: tuple[str, ...] | None = None
        """The walls that this system lacks, from those in `WALLS`; None before the first task."""

    async def run(
        self, task: str, folder: Path, *, by: Requester | None = None, bounds: Bounds | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """The task's answer. `by` is whose turn it takes; None: those of whom that is not known share one. `bounds` are
        for a task that may use less than the others.

        Raises the `InputRejected` or `ResultInvalid` that it names, or `ChildFailed` (`ChildTooSlow`, `ChildStarved`).

        `OSError` is for what is the machine's fault and not the file's: a full disk, or no room for a process.
        """
        bounds = bounds or self._bounds
        order = _order(task, folder, bounds, arguments)
        group, member = (fairness_group(by), by.user_id) if by is not None else (0, 0)
        async with self._places.place(group, member):
            answer = self._read(await self.workers.run(order, wall_seconds=bounds.wall_seconds), bounds)
        error = answer.get("error")
        if error is None:
            return answer
        if error == DISK_FAULT:
            number = int(answer["errno"])
            raise OSError(number, os.strerror(number), str(folder))
        kind = getattr(errors, str(error), None)
        if isinstance(kind, type) and issubclass(kind, InputRejected | ResultInvalid):
            log.info("a media child refused a file: %s (%s)", error, str(answer.get("why"))[:300])
            raise kind(**answer.get("facts", {}))
        raise (ChildTooLarge if error == TOO_LARGE else ChildFailed)(str(error)[:200])

    def _read(self, ended: Ended, bounds: Bounds) -> dict[str, Any]:
        """Raises `ChildFailed` where the process did not end with an answer."""
        if not ended.in_time:
            starved = ended.processor_seconds < bounds.wall_seconds * _WORKED
            said = f"over {bounds.wall_seconds:g} s, of which {ended.processor_seconds:g} s with a processor"
            log.warning("a media child took %s", said)
            raise (ChildStarved if starved else ChildTooSlow)(said)
        try:
            said = json.loads((ended.answer or b"").decode())
            answer, missing = said["answer"], said["missing"]
        except (ValueError, TypeError, KeyError):
            log.warning("a media child ended with %s: %s", _named(ended.code), ended.complaint)
            kind = ChildTooSlow if ended.code in _TOO_SLOW else ChildFailed
            raise kind(_named(ended.code)) from None
        if not isinstance(answer, dict) or not isinstance(missing, list):
            raise ChildFailed("no answer")
        self._note(tuple(map(str, missing)))
        return answer

    def _note(self, missing: tuple[str, ...]) -> None:
        if missing and self.missing is None:
            log.warning("media children are walled in partly: %s", ", ".join(WALLS.get(wall, "?") for wall in missing))
        self.missing = missing


def _named(code: int | None) -> str:
    if code is not None and -code in {int(number) for number in signal.Signals}:
        return signal.Signals(-code).name
    return f"exit code {code}"


def _order(task: str, folder: Path, bounds: Bounds, arguments: dict[str, Any]) -> bytes:
    """As the child reads it; places in full, because the child works in its own folder."""
    places = {name: _absolute(Path(arguments[name])) for name in ("path", "to") if name in arguments}
    order = {"task": task, "folder": _absolute(folder), "bounds": bounds.as_order(), "arguments": arguments | places}
    return json.dumps(order).encode()


def _absolute(path: Path) -> str:
    return str(path.absolute())
