"""Tasks that do what a decoder broken by a stranger's file might do."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.errors import FileBroken
from bot.media.tasks import Task
from bot.media.walls import processor_time

BECOME = "become a program"
_PTRACE_SEIZE = 0x4206
"""Unlike attaching it does not stop who is attached to."""


def preload() -> None:
    """Nothing is needed."""


def task_of(name: str) -> Task:
    return _TASKS[name]


def environment() -> dict[str, Any]:
    return {"environment": dict(os.environ), "path": sys.path, "folder": str(Path.cwd())}


def memory(**_: Any) -> dict[str, Any]:
    return {"got": len([bytearray(64 * 1024 * 1024) for _ in range(1000)])}


def loop(**_: Any) -> dict[str, Any]:
    while True:
        pass


def dear_part() -> dict[str, Any]:
    """Of a task that may take longer as a whole."""
    with processor_time(0.1):
        return loop()


def clip(**_: Any) -> dict[str, Any]:
    return {"changed": False, "done": ["turned"], "seconds": 7.0}


def sleep(note: str) -> dict[str, Any]:
    Path(note).write_text(f"{os.getpid()} {os.getppid()}", encoding="ascii")
    time.sleep(300)
    return {}


def flood(**_: Any) -> dict[str, Any]:
    """On its own line."""
    while True:
        os.write(_line(), b"x" * 65_536)


def complain(**_: Any) -> dict[str, Any]:
    for _turn in range(500):
        os.write(2, b"y" * 65_536)
    os._exit(3)


def large_file(to: Path) -> dict[str, Any]:
    with to.open("wb") as file:
        for _turn in range(100):
            file.write(bytes(1024 * 1024))
    return {"wrote": True}


def many_files(**_: Any) -> dict[str, Any]:
    opened = [Path(os.devnull).open() for _ in range(1000)]  # noqa: SIM115  # to hold them all
    return {"opened": len(opened)}


def die(**_: Any) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def error(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"error": name, "facts": facts}


def full_disk() -> dict[str, Any]:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def vanish() -> dict[str, Any]:
    """Wait until the folder is gone; decoders and encoders say of many things then that they can't be."""
    Path("began").touch()
    while Path("began").exists():
        time.sleep(0.01)
    raise FileBroken(found="mp4")


def babble(**_: Any) -> dict[str, Any]:
    os.write(_line(), b"anything else\n")
    os._exit(0)


def numbers() -> dict[str, Any]:
    """Of this process: its own, its parent's, its session's."""
    return {"pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "threads": threading.active_count()}


def threads() -> dict[str, Any]:
    """Decoders work with several."""
    done: list[int] = []
    workers = [threading.Thread(target=done.append, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"done": len(done)}


def leave_behind(note: str) -> dict[str, Any]:
    """Start a process that leaves the session, where that can be done."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            Path(note).write_text(f"{os.getpid()} {os.getppid()}", encoding="ascii")
            time.sleep(300)
        os._exit(0)
    os.waitpid(pid, 0)
    while not Path(note).exists() or len(Path(note).read_text(encoding="ascii").split()) < 2:
        time.sleep(0.01)
    return {}


def fork_many(most: int) -> dict[str, Any]:
    """As root again, if that can be, since no limit binds root."""
    with contextlib.suppress(OSError):
        os.setresuid(0, 0, 0)
    pids: list[int] = []
    with contextlib.suppress(BlockingIOError):
        while len(pids) < most:
            if (pid := os.fork()) == 0:
                time.sleep(300)
                os._exit(0)
            pids.append(pid)
    return {"pids": pids}


def attack(targets: dict[str, Any]) -> dict[str, Any]:
    """Everything that must not be possible, each tried by itself; answers what each of them came to."""
    return {"tried": {name: _outcome(act, targets) for name, act in _ATTACKS.items()}}


def _outcome(act: Callable[[dict[str, Any]], object], targets: dict[str, Any]) -> str:
    try:
        return f"done: {act(targets)!r:.80}"
    except (OSError, ValueError) as exc:
        return type(exc).__name__


def _line() -> int:
    """Where the answer goes: the only descriptor besides the three usual ones."""
    return next(number for number in range(3, 4096) if _is_open(number))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _call(number: int, *arguments: int) -> int:
    """A system call that passes by the C library, of x86-64 and arm64 by their own numbers."""
    libc = ctypes.CDLL(None, use_errno=True)
    answer: int = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if answer == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def _number(x86: int, arm: int) -> int:
    return x86 if os.uname().machine == "x86_64" else arm


def _read_memory(targets: dict[str, Any]) -> bytes:
    with Path(f"/proc/{targets['bot']}/mem").open("rb") as memory:
        memory.seek(targets["address"])
        return memory.read(16)


def _take_memory(targets: dict[str, Any]) -> int:
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 16)
    other = (ctypes.c_size_t * 2)(targets["address"], 16)
    return _call(_number(310, 270), targets["bot"], ctypes.addressof(local), 1, ctypes.addressof(other), 1, 0)


def _unix(targets: dict[str, Any]) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(targets["unix"])


def _abstract(targets: dict[str, Any]) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\0" + targets["abstract"])


def _outlive(_: dict[str, Any]) -> str:
    """Leave somebody in a session of his own, whose parent is gone."""
    if os.fork() == 0:
        os.setsid()
        os.fork()
        os._exit(0)
    return "left behind"


def _udp(targets: dict[str, Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"x", ("127.0.0.1", targets["port"]))


def _start(_: dict[str, Any]) -> int:
    return subprocess.run(["/bin/true"], check=True).returncode


def _x32(_: dict[str, Any]) -> int:
    """A socket, by the second set of numbers that x86-64 has."""
    if os.uname().machine != "x86_64":
        raise PermissionError
    return _call(0x40000000 + 41, socket.AF_INET, socket.SOCK_STREAM, 0)


def _leave(targets: dict[str, Any]) -> str:
    """A file outside its folder."""
    Path(targets["outside"]).write_text("was here", encoding="ascii")
    return "written"


def _widen(_: dict[str, Any]) -> str:
    import resource  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "without limits"


_ATTACKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "read the bot's environment": lambda t: Path(f"/proc/{t['bot']}/environ").read_bytes(),
    "read the template's environment": lambda _: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "open the bot's memory": _read_memory,
    "copy the bot's memory": _take_memory,
    "read the key file": lambda t: Path(t["key"]).read_bytes(),
    "read the database": lambda t: Path(t["database"]).read_bytes(),
    "list the bot's folder": lambda t: list(Path(t["key"]).parent.iterdir()),
    "read the list of users": lambda _: Path("/etc/passwd").read_bytes(),
    "connect by TCP": lambda t: socket.create_connection(("127.0.0.1", t["port"])).close(),
    "send by UDP": _udp,
    "connect to a socket of this machine": _unix,
    "connect to an abstract socket": _abstract,
    "outlive its task": _outlive,
    "read the template's memory": lambda _: Path(f"/proc/{os.getppid()}/mem").open("rb").close(),
    "a pair of sockets": lambda _: socket.socketpair(),
    "start a program": _start,
    BECOME: lambda _: os.execv("/bin/true", ["true"]),
    "fork": lambda _: os.fork() or os._exit(0),
    "clone by number": lambda _: _call(_number(56, 220), 17, 0, 0, 0, 0) or os._exit(0),
    "clone3 by number": lambda _: _call(435, 0, 0),
    "leave its session": lambda _: os.setsid(),
    "signal the bot": lambda t: os.kill(t["bot"], 0),  # 0 is sent nowhere, and needs the same right
    "signal the template": lambda _: os.kill(os.getppid(), 0),
    "signal the template's session": lambda _: os.killpg(os.getppid(), 0),
    "io_uring": lambda _: _call(425, 1, 0),
    "a socket by other numbers": _x32,
    "write outside its folder": _leave,
    "lead elsewhere": lambda t: Path("link").symlink_to(t["key"]),
    "link the key": lambda t: os.link(t["key"], "hard link"),
    "widen its limits": _widen,
    "attach to the bot": lambda t: _call(_number(101, 117), _PTRACE_SEIZE, t["bot"], 0, 0),
}

_TASKS: dict[str, Task] = {
    "clip": clip, "dear part": dear_part,
    "environment": environment, "memory": memory, "loop": loop, "sleep": sleep, "flood": flood, "complain": complain,
    "large file": large_file, "many files": many_files, "die": die, "error": error, "anything else": babble,
    "numbers": numbers, "threads": threads, "leave behind": leave_behind, "attack": attack,
    "fork many": fork_many, "full disk": full_disk, "vanish": vanish,
}  # fmt: skip

if __name__ == "__main__":  # without walls
    _ATTACKS.pop(BECOME)
    sys.stdout.write(json.dumps(attack(json.loads(sys.argv[1]))["tried"]))
