"""The walls round a task's process: what it may use, open, start and reach, put up before it reads a byte of a file."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from bot.media import kernel, landlock, seccomp

_OPEN_FILES = 64
PROCESSES_MORE = 256
"""Decoders and encoders of the eight tasks that may run at once have some ten threads each."""
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts"),
    *("/dev/urandom", "/dev/zero", "/sys/devices/system/cpu"),
)
"""What libraries read when they are loaded, letters for charts, and how many processors there are."""
_NULL = Path("/dev/null")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one task may use. Address space is far more than resident memory: x264's threads reserve it.

    `cpu_seconds` counts every thread, of which decoders and encoders have two or more. The bot's side keeps to
    `wall_seconds`, the kernel to the others.
    """

    wall_seconds: float = 240.0
    cpu_seconds: int = 480
    memory_bytes: int = 3 * 1024**3
    file_bytes: int = 2 * 1024**3

    def as_order(self) -> dict[str, float]:
        """As the child is told of them."""
        return asdict(self)

    @classmethod
    def of_order(cls, told: dict[str, float]) -> Self:
        """What `as_order` gave."""
        return cls(
            wall_seconds=told["wall_seconds"],
            cpu_seconds=int(told["cpu_seconds"]),
            memory_bytes=int(told["memory_bytes"]),
            file_bytes=int(told["file_bytes"]),
        )


def put_up(bounds: Bounds, *, writable: Iterable[Path], readable: Iterable[Path]) -> list[str]:
    """From here on, and for good, this process has these bounds, and opens only these paths and the libraries.

    Gives the names of the walls that this system does not have, from those in `WALLS`.
    """
    _limit(bounds)
    libraries = _libraries()
    walls: dict[str, Callable[[], None]] = {
        "privileges": kernel.gain_no_privileges,
        "calls": seccomp.refuse_calls,
    }
    missing = {name for name, build in walls.items() if not _holds(build)}
    if "calls" in missing:
        _holds(kernel.become_a_user_of_its_own)
    if not _holds(kernel.drop_capabilities):
        missing.add("capabilities")
    if "calls" in missing and not _holds(limit_processes):  # before /proc can't be read any more
        missing.add("processes")
    if not _holds(lambda: landlock.confine(writable=[*writable, _NULL], readable=[*readable, *libraries])):
        missing.add("files")
    return [name for name in WALLS if name in missing]


WALLS = {
    "privileges": "no new privileges",
    "capabilities": "no rights of root",
    "files": "no files but the task's (Landlock)",
    "calls": "no network, no programs, no processes (seccomp)",
    "processes": "a bound on processes (seccomp, or a user other than root)",
}
"""What each wall is, for the operator."""


@contextlib.contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """For a part of a task that may take less than the whole: SIGPROF ends the process where the block uses more."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _holds(build: Callable[[], None]) -> bool:
    try:
        build()
    except OSError:
        return False
    return True


def _limit(bounds: Bounds) -> None:
    for what, most in (
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, bounds.file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(what, (most, most))
    # The first ends it by a signal that tells why.
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))


def limit_processes() -> None:
    """From here on this process's user has at most `PROCESSES_MORE` processes and threads more than now.

    Raises `OSError` where that binds nobody, as root, or where they can't be counted: a user whose other processes are
    in other containers may have more than are seen here.
    """
    if not kernel.IS_LINUX:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = _tasks_of(os.getuid()) + PROCESSES_MORE
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
    binds = not _a_thread_starts()
    resource.setrlimit(resource.RLIMIT_NPROC, (most, hard))
    if not binds or not _a_thread_starts():
        resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _a_thread_starts() -> bool:
    try:
        probe = threading.Thread(target=int)
        probe.start()
        probe.join()
    except RuntimeError:
        return False
    return True


def _tasks_of(user: int) -> int:
    """How many threads all processes of that user have, as far as they are seen."""
    found = 0
    for status in Path("/proc").glob("[0-9]*/status"):  # who owns the folder says nothing: of what is hidden it is root
        with contextlib.suppress(OSError):
            facts = dict(line.split(b":", 1) for line in status.read_bytes().splitlines())
            if int(facts[b"Uid"].split()[0]) == user:
                found += int(facts[b"Threads"])
    return found


def _libraries() -> list[Path]:
    """Python's folders, this package's own and the system's; not the folder that ours lies in, where the operator's
    settings and the database may lie, too."""
    package = Path(__file__).resolve().parents[1]
    found = [Path(entry) for entry in sys.path if entry and Path(entry).resolve() != package.parent]
    return [package, *found, Path(sys.prefix) / "lib", Path(sys.base_prefix) / "lib", *map(Path, _SYSTEM)]
