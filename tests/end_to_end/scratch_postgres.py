"""A PostgreSQL server of a test's own, to be stopped and started as a careless operator would."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest


class ScratchServer:
    """Listens on 127.0.0.1 at `port`, the same after every start."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://clapper@127.0.0.1:{self.port}/postgres"

    async def make(self) -> None:
        await self._run("initdb", "-D", self._data, "-A", "trust", "-U", "clapper", "--no-sync")

    async def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c fsync=off"
        await self._run("pg_ctl", "-D", self._data, "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    async def stop(self, how: str = "fast") -> None:
        """`immediate` is a crash: no goodbye to anybody, and recovery at the next start."""
        await self._run("pg_ctl", "-D", self._data, "-w", "-m", how, "stop")

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """All of its processes are stopped: it answers nothing, refuses nothing and closes nothing."""
        first = int((await asyncio.to_thread(Path(self._data, "postmaster.pid").read_text)).split()[0])
        children = await asyncio.to_thread(Path(f"/proc/{first}/task/{first}/children").read_text)
        processes = [first, *map(int, children.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    async def _run(self, program: str, *arguments: str) -> None:
        other = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        process = await asyncio.create_subprocess_exec(
            self._programs / program, *arguments, cwd=self._folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, extra_groups=[] if other else None,
            **other,  # type: ignore[arg-type]  # names of a user and a group, as Popen takes them
        )  # fmt: skip
        assert await process.wait() == 0, f"{program} failed"


@asynccontextmanager
async def scratch_server() -> AsyncIterator[ScratchServer]:
    """A fresh server that runs. Skips where the programs are not installed, unless a server is required."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    programs = found[-1].parent if found else Path(shutil.which("initdb") or "/nowhere/initdb").parent
    if not (programs / "initdb").exists() or (os.geteuid() == 0 and not _has_user("postgres")):
        if "postgres" in os.environ.get("CLAPPER_REQUIRE", ""):
            raise AssertionError("PostgreSQL's server programs are required, but not installed")
        pytest.skip("PostgreSQL's server programs are not installed: no server to restart")
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="clapper-postgres-"))
    if os.geteuid() == 0:
        await asyncio.to_thread(shutil.chown, folder, "postgres", "postgres")
    server = ScratchServer(programs, folder)
    try:
        await server.make()
        await server.start()
        try:
            yield server
        finally:
            await server.stop("immediate")
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
