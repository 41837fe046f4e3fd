"""A dump of PostgreSQL made beside running bots, all machines lost, and the dump restored elsewhere, as the operators'
page says it."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from sandbox.discord import Invocation
from tests.end_to_end.cluster import address, ask_database, cluster
from tests.fleet import Fleet, seen, submits_of

__all__ = ["cluster"]

pytestmark = [pytest.mark.postgres, pytest.mark.programs]

UNTIL_FINISHED = 600.0


def program(name: str) -> str:
    """Debian keeps a server's own programs out of PATH."""
    found = shutil.which(name) or next((str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)
    assert found is not None, f"{name} is not installed"
    return found


async def call(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(*map(str, command), stderr=asyncio.subprocess.PIPE)
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()


@asynccontextmanager
async def empty_database(beside: str) -> AsyncIterator[str]:
    """The address, as libpq reads it, of a database on the same server."""
    name = f"restored_{uuid.uuid4().hex[:12]}"
    async with await psycopg.AsyncConnection.connect(beside, autocommit=True) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield address(make_url(beside).set(database=name))
        finally:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


async def ask(ships: Fleet, prompt: str) -> Invocation:
    return await ships.discord.member("Ada").slash("general", "t2v", prompt=prompt)


@pytest.mark.asyncio
async def test_restored_elsewhere_all_goes_on_and_what_was_sent_after_the_dump_is_not_sent_again(
    cluster: Fleet, tmp_path: Path
) -> None:
    cluster.queue.processing_seconds = UNTIL_FINISHED
    await cluster.bot(RUN_JOBS="false")
    await cluster.worker(JOBS_AT_ONCE="3")
    under_way = [await ask(cluster, f"snow {number}") for number in range(3)]
    messages = [await seen(each, "processing") for each in under_way]
    sent_later = await ask(cluster, "rain")
    await seen(sent_later, "accepted")

    url = make_url(cluster.database_url)
    schema = str(url.query["options"]).split("search_path=")[1].split()[0]
    server = address(url.set(drivername="postgresql", query={}))
    dump, elsewhere = tmp_path / "dump", tmp_path / "elsewhere"
    await call(program("pg_dump"), "--format=custom", f"--schema={schema}", f"--file={dump}", server)
    shutil.copytree(cluster.files, elsewhere)
    await cluster.worker()
    await seen(sent_later, "processing")
    await asyncio.gather(*(child.kill() for child in cluster.children))

    async with empty_database(server) as other:
        await call(program("pg_restore"), f"--dbname={other}", dump)
        cluster.database_url = address(make_url(other).set(drivername="postgresql+psycopg", query=url.query))
        changes = {"FILES_URL": f"file://{elsewhere}", "DATA_DIR": str(tmp_path / "anew")}
        restored = await cluster.spawn("migrate", "--restored", **changes)
        assert await restored.ended() == 0, restored.output
        assert "1 jobs were not sent then and may have been since" in restored.output
        again = await cluster.bot(**changes)
        await seen(sent_later, "failed")
        cluster.queue.finish()
        for each, message in zip(under_way, messages, strict=True):
            after = await seen(each, "delivered")
            assert (after["id"], len(after["attachments"])) == (message["id"], 1)
        assert [submits_of(cluster, f"snow {number}") for number in range(3)] == [1, 1, 1]
        assert submits_of(cluster, "rain") == 1
        query = "SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state"
        assert await ask_database(cluster, query) == [("delivered", 3), ("failed", 1)]
        await again.kill()
