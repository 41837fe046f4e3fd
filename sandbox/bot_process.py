"""The bot as a process: started, watched and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

CHECKOUT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 12.0
"""A graceful stop has ten seconds; after these it is killed."""

INHERITED = frozenset({
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "TERM", "NO_COLOR",
    "PYTHONWARNINGS", "PYTHONDEVMODE", "SSL_CERT_FILE", "COLUMNS",
})  # fmt: skip
"""What the child may know of our environment: nothing that is a setting of the bot."""


class Program(Protocol):
    """A process that was started: as much of `asyncio.subprocess.Process` as is used here."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int, /) -> None: ...
    def kill(self) -> None: ...


class BotProcess:
    """`python -m bot` with `settings` alone: neither our environment's nor those of a developer's `.env`.

    `home` is the folder it runs in; the bot reads `.env` of that folder, and there is none. `log` takes what it prints;
    None: our own standard error. `settings` is asked at each start. `on_end` is called with the exit
    code when the process ends without `stop`.
    """

    def __init__(
        self,
        settings: Callable[[], Mapping[str, str]],
        home: Path,
        *,
        log: Path | None = None,
        on_end: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._home = home
        self._on_end = on_end
        self._watcher: asyncio.Task[None] | None = None
        self._log = log
        self._process: Program | None = None

    @property
    def environment(self) -> dict[str, str]:
        """All environment variables of the process."""
        kept = {name: value for name, value in os.environ.items() if name in INHERITED}
        return kept | {"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"} | dict(self._settings())

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def start(self) -> None:
        """Start it unless it runs."""
        if self.pid is not None:
            return
        await asyncio.to_thread(self._home.mkdir, parents=True, exist_ok=True)
        with self._output() as output:
            self._process = await self._spawn(output)
        self._watcher = asyncio.create_task(self._watch(self._process))

    async def _spawn(self, output: IO[Any]) -> Program:
        """Start it with what it prints going to `output`."""
        # A session of its own: Ctrl-C in the terminal reaches us alone, and we end it in order.
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox.end_with_parent", str(os.getpid()), "bot", cwd=self._home,
            env=self.environment, stdin=DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip

    async def _watch(self, process: Program) -> None:
        code = await process.wait()
        self._on_end(code)

    def _output(self) -> contextlib.AbstractContextManager[IO[Any]]:
        return self._log.open("ab") if self._log is not None else contextlib.nullcontext(sys.stderr)

    async def wait(self) -> int:
        """Its exit code once it has ended; negative for the number of a signal."""
        if self._process is None:
            return 0
        return await self._process.wait()

    def kill(self) -> None:
        """Kill it at once with SIGKILL."""
        if self._process is not None and self.pid is not None:
            self._process.kill()

    async def stop(self) -> None:
        """Ask it to end; kill it if it has not after `STOP_SECONDS`."""
        process = self._process
        if self._watcher is not None:
            self._watcher.cancel()
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.kill()
            await process.wait()

    def describe_end(self, code: int) -> str:
        """A sentence on how it ended, with the last lines of its log file where there is one."""
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        lines = self.last_lines()
        return f"The bot {how}." + (f" Its last lines:\n{lines}" if lines else "")

    def last_lines(self, count: int = 12) -> str:
        """The end of its log file; empty where there is none."""
        if self._log is None or not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-count:])
