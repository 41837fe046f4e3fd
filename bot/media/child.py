"""The child process: limits itself, does one task, answers with one line of JSON. Never imported by the bot."""

from __future__ import annotations

import errno
import importlib
import json
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.errors import InputRejected, ResultInvalid

Task = Callable[..., dict[str, Any]]

_TASKS = {
    "picture": ("pictures", "normalise"),
    "clip": ("clips", "normalise"),
    "probe": ("encode", "probe"),
    "faststart": ("encode", "faststart"),
    "fit": ("encode", "fit"),
    "poster": ("encode", "poster"),
    "sketch": ("sketch", "sketch"),
    "chart": ("chart", "draw"),
}
"""By name: its module in this package, imported after the limits hold because imports load decoders; its function."""
DISK_FULL = "DiskFull"
"""The answer where the disk, and not the file, is at fault."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def task_of(name: str) -> Task:
    """Raises `KeyError` for a name that is none."""
    module, function = _TASKS[name]
    found: Task = getattr(importlib.import_module(f"bot.media.{module}"), function)
    return found


def limit(memory_bytes: int, cpu_seconds: int, file_bytes: int) -> None:
    """From here on the kernel ends us where we take more."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))


def take_order() -> dict[str, Any]:
    """The one line on standard input. Its other end stays open while the bot waits: when that closes, so do we."""
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_bot, name="end with the bot", daemon=True).start()
    return order


def _end_with_the_bot() -> None:
    # Not by sys.stdin: a lock held there would break the interpreter's end.
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)  # our own session: us and whatever was started here


def main() -> None:
    limit(*map(int, sys.argv[1:4]))
    order = take_order()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    name = order.pop("task")
    arguments = {key: Path(value) if key in {"path", "to"} else value for key, value in order.items()}
    try:
        answer = task_of(name)(**arguments)
    except (InputRejected, ResultInvalid) as exc:
        answer = {"error": type(exc).__name__, "facts": exc.facts, "why": repr(exc.__cause__)}
    except MemoryError:
        answer = {"error": "MemoryError"}
    except OSError as exc:
        if exc.errno not in _FULL:
            raise
        answer = {"error": DISK_FULL}
    print(json.dumps(answer))  # noqa: T201  # this is the answer


if __name__ == "__main__":
    main()
