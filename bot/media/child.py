"""A task's process, forked from the template: walls itself in, does the one task, answers with a line of JSON, ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from bot.errors import InputRejected, ResultInvalid
from bot.media import kernel, walls
from bot.media.faults import DISK_FAULT, TOO_LARGE, folder_is_gone, no_room
from bot.media.tasks import Task

_PLACES = ("path", "to")
"""The arguments that are paths: what is read, and what is written."""
_DESCRIPTORS = 65_536


def carry_out(line: int, complaint: int, *, task_of: Callable[[str], Task], template: int) -> NoReturn:
    """Read the order from `line` and answer there; what else is said goes to `complaint`. Never returns."""
    code = 1
    try:
        _stand_alone(line, complaint, template)
        with open(line, "r+b", buffering=0, closefd=False) as talk:  # a descriptor
            order = json.loads(_first_line(talk))
            answer = json.dumps(_done(order, task_of)).encode()
            while answer:
                answer = answer[os.write(line, answer) :]
        code = 0
    except BaseException:  # noqa: BLE001  # nothing may go on in what is a copy of the template
        with contextlib.suppress(Exception):
            traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(code)


def _stand_alone(line: int, complaint: int, template: int) -> None:
    """Keep nothing of the template's but what it has imported."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, source in enumerate((nothing, complaint, complaint)):
        os.dup2(source, number)
    os.closerange(3, line)
    os.closerange(line + 1, _DESCRIPTORS)
    try:
        kernel.end_with_parent()
    except OSError:
        threading.Thread(target=_end_with_the_template, args=(template,), name="end", daemon=True).start()
    if os.getppid() != template:  # it was gone before it could be asked to take us along
        os._exit(1)


def _end_with_the_template(template: int) -> None:
    """For systems whose kernel does not see to it."""
    import time  # noqa: PLC0415

    while os.getppid() == template:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)


def _first_line(talk: Any) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        chunk = talk.read(65_536)
        if not chunk:
            raise EOFError
        found += chunk
    return found


def _done(order: dict[str, Any], task_of: Callable[[str], Task]) -> dict[str, Any]:
    """What the task answers, or which error it ended with, and which walls are missing here."""
    folder = Path(order["folder"])
    arguments = {name: Path(value) if name in _PLACES else value for name, value in order["arguments"].items()}
    os.environ.update(TMPDIR=str(folder), MPLCONFIGDIR=str(folder))
    tempfile.tempdir = None
    readable = [arguments["path"]] if "path" in arguments else []
    missing = walls.put_up(walls.Bounds.of_order(order["bounds"]), writable=[folder], readable=readable)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        os.chdir(folder)
    except OSError as exc:
        return {"answer": {"error": DISK_FAULT, "errno": exc.errno}, "missing": missing}
    return {"answer": _answer(task_of(order["task"]), arguments), "missing": missing}


def _answer(task: Task, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return task(**arguments)
    except MemoryError:
        return {"error": TOO_LARGE}
    except (OSError, InputRejected, ResultInvalid) as exc:
        fault = errno.ENOENT if folder_is_gone() else no_room(exc)
        if fault is not None:
            return {"error": DISK_FAULT, "errno": fault}
        if isinstance(exc, OSError):
            raise
        return {"error": type(exc).__name__, "facts": exc.facts, "why": repr(exc.__cause__)}
