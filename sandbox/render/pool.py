"""The server's side of the workers: a few processes, started when first needed, each doing one clip at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from sandbox.render.operations import Operation
from sandbox.render.task import Task

MODULE = "sandbox.render.worker"
_ROOT = Path(__file__).resolve().parents[2]


class RenderFailed(Exception):
    """No clip came of it; `str()` is the reason that the job's status shows."""


class Worker(Protocol):
    """A worker's process: as much of `asyncio.subprocess.Process` as is used here."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...
    @property
    def stdout(self) -> asyncio.StreamReader | None: ...
    def kill(self) -> None: ...
    async def communicate(self) -> object: ...


async def start_worker() -> Worker:
    """A worker in a new interpreter, in a session of its own: Ctrl-C in the terminal reaches us alone, and we end it.

    Where we are killed, the end of its pipe ends it.
    """
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, stdin=PIPE, stdout=PIPE, cwd=_ROOT, start_new_session=True
    )


class Pool:
    """Renders tasks in at most `workers` processes; equal tasks share one clip in `folder`.

    A folder that outlives the pool keeps its clips for the next one. `start` starts a worker.
    """

    def __init__(
        self, folder: Path, *, workers: int = 2, start: Callable[[], Awaitable[Worker]] = start_worker
    ) -> None:
        self._folder = folder
        self._start_worker = start
        self._idle: asyncio.LifoQueue[Worker | None] = asyncio.LifoQueue()
        self._workers = workers
        self._processes: set[Worker] = set()
        self._clips: dict[str, asyncio.Task[Path]] = {}
        for _ in range(workers):
            self._idle.put_nowait(None)

    def clip(self, task: Task) -> asyncio.Task[Path]:
        """The clip of `task`, being made or made. It fails with `RenderFailed`."""
        making = self._clips.get(task.key)
        if making is None or (making.done() and (making.cancelled() or making.exception() is not None)):
            making = self._clips[task.key] = asyncio.create_task(self._make(task))
            # Whoever asks for the job's status sees the failure; nobody may ever ask.
            making.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        return making

    def ready(self, path: Path) -> asyncio.Task[Path]:
        """A clip that is already there."""
        return asyncio.create_task(_at(path))

    async def _make(self, task: Task) -> Path:
        path = self._folder / f"{task.key}{'.png' if task.operation == Operation.PICTURE else '.mp4'}"
        if await asyncio.to_thread(path.exists):
            return path
        process = await self._idle.get()
        try:
            if process is None or process.returncode is not None:
                process = await self._start()
            reason = await self._ask(process, task, path)
        except BaseException:
            # It stopped, or is in the middle of a clip that nobody wants: the next task gets a new one.
            if process is not None:
                await self._end(process)
            process = None
            raise
        finally:
            self._idle.put_nowait(process)
        if reason is not None:
            raise RenderFailed(reason)
        return path

    async def _start(self) -> Worker:
        process = await self._start_worker()
        self._processes.add(process)
        return process

    async def _ask(self, process: Worker, task: Task, path: Path) -> str | None:
        """Nothing once the clip is at `path`, else why there is none."""
        assert process.stdin is not None  # noqa: S101 - opened as a pipe in _start
        assert process.stdout is not None  # noqa: S101
        partial = path.with_suffix(f".{process.pid}.part")
        try:
            process.stdin.write(task.to_line(str(partial)))
            await process.stdin.drain()
            line = await process.stdout.readline()
        except ConnectionError as exc:
            raise RenderFailed("The renderer stopped") from exc
        if not line:
            raise RenderFailed("The renderer stopped")
        answer = json.loads(line)
        if not answer["ok"]:
            await asyncio.to_thread(partial.unlink, missing_ok=True)
            return str(answer["reason"])
        await asyncio.to_thread(shutil.move, partial, path)
        return None

    async def _end(self, process: Worker) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        self._processes.discard(process)

    async def close(self) -> None:
        """End every worker; clips that were being made are given up."""
        for making in self._clips.values():
            making.cancel()
        await asyncio.gather(*self._clips.values(), return_exceptions=True)
        for process in list(self._processes):
            await self._end(process)


async def _at(path: Path) -> Path:
    return path
