"""The template: a process that has imported the decoders, opens nothing of strangers', and forks a child for each task.

Run by `bot.media.workers` as `python -m bot.media.template DESCRIPTOR MODULE`: the socket on which it is asked, and the
module with the tasks. It has one thread, so that forking it is safe, and ends when the bot closes the socket or is
gone.

A request is one byte with three descriptors: the child's line and its complaints, and a socket on which the bot is
told how the child ended: its exit code, and the milliseconds of processors that it used. Where the bot closes its end
of the last one, the child is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

from bot.media import child, kernel

_DESCRIPTORS = 3


class Template:
    """Its loop. `running` are the sockets of the bot's, by the child that each is about."""

    def __init__(self, control: socket.socket, tasks: str) -> None:
        self._control = control
        self._tasks = importlib.import_module(tasks)
        self._running: dict[int, socket.socket] = {}
        self._killed: set[int] = set()
        self._waking, self._woken = socket.socketpair()

    def serve(self) -> NoReturn:
        self._tasks.preload()
        for end in (self._waking, self._woken):
            end.setblocking(False)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.collect()
        gc.freeze()  # so that collections in the children leave the shared pages alone
        while True:
            watched = {status: pid for pid, status in self._running.items() if pid not in self._killed}
            ready, _, _ = select.select([self._control, self._waking, *watched], [], [])
            if self._waking in ready:
                self._waking.recv(4096)
                self._reap()
            for status in ready:
                if (pid := watched.get(status)) in self._running:
                    self._kill(pid)
            if self._control in ready:
                self._take_request()

    def _take_request(self) -> None:
        try:
            asked, descriptors, _, _ = socket.recv_fds(self._control, 1, _DESCRIPTORS)
        except OSError:
            asked, descriptors = b"", []
        if not asked:
            self._end()
        line, complaint, told = descriptors
        try:
            pid = os.fork()
        except OSError as exc:
            with contextlib.suppress(OSError):
                os.write(told, b"fork %d\n" % (exc.errno or 0))
            for descriptor in descriptors:
                os.close(descriptor)
            return
        if pid == 0:
            child.carry_out(line, complaint, task_of=self._tasks.task_of, template=os.getppid())
        os.close(line)
        os.close(complaint)
        self._running[pid] = socket.socket(fileno=told)

    def _kill(self, pid: int) -> None:
        """The child and whatever of its session there is. It is our child, so its number is nobody else's yet."""
        self._killed.add(pid)
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):  # it may not have a session yet, and may have ended
                kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        """Say to the bot how each child ended that has."""
        while True:
            with contextlib.suppress(ChildProcessError):
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if pid:
                    self._tell(pid, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime)
                    continue
            self._kill_strays()
            return

    def _tell(self, pid: int, code: int, processor_seconds: float) -> None:
        told = self._running.pop(pid, None)
        self._killed.discard(pid)
        if told is None:  # one that a child left behind
            return
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)  # what else there is of its session
        self._kill_strays()
        with contextlib.suppress(OSError):
            told.sendall(b"%d %d\n" % (code, processor_seconds * 1000))
        told.close()

    def _kill_strays(self) -> None:
        """What a child started and left behind has become our child; systems that don't give it to us end it, or not,
        by themselves."""
        with contextlib.suppress(OSError):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
            for pid in set(map(int, children.split())) - self._running.keys():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def _end(self) -> NoReturn:
        for pid in list(self._running):
            self._kill(pid)
        self._kill_strays()
        os._exit(0)


def main() -> None:
    for wall in (kernel.hide_memory, kernel.adopt_orphans):
        with contextlib.suppress(OSError):
            wall()
    control = socket.socket(fileno=int(sys.argv[1]))
    Template(control, sys.argv[2]).serve()


if __name__ == "__main__":
    main()
