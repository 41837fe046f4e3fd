"""Real databases for the tests: an SQLite file, and a schema of its own on a PostgreSQL server.

Migrating takes a tenth of a second of processor time on PostgreSQL and as long a wait for the disk on SQLite. So tests
that are not about that get a copy of a file that is migrated already, or an earlier test's schema, emptied.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import Connection, Executable
from sqlalchemy.engine import URL

from bot.store.database import Database, parse_url
from bot.store.upgrade import copy_database, migrate
from tests.clock import ManualClock

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/test")
BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


async def new_schema() -> tuple[URL, str]:
    """A fresh schema and the address that works in it; skips where no server is reachable, unless one is required."""
    name = f"clapper_{uuid.uuid4().hex[:12]}"
    try:
        connection = await psycopg.AsyncConnection.connect(_plain(), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as exc:
        if "postgres" in os.environ.get("CLAPPER_REQUIRE", ""):
            raise
        pytest.skip(f"no PostgreSQL server can be reached at {SERVER}: {exc}")
    async with connection:
        await connection.execute(f'CREATE SCHEMA "{name}"')
    # What is lost with the power matters to no test on this server.
    options = f"-csearch_path={name} -csynchronous_commit=off"
    return parse_url(SERVER).update_query_dict({"options": options}), name


async def drop_schema(name: str) -> None:
    async with await psycopg.AsyncConnection.connect(_plain(), autocommit=True) as connection:
        await connection.execute(f'DROP SCHEMA "{name}" CASCADE')


def _plain() -> str:
    return SERVER.replace("postgresql+psycopg://", "postgresql://")


@pytest_asyncio.fixture(params=BOTH)
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[URL]:
    """The address of a database without tables, once on each kind."""
    if request.param == "sqlite":
        yield parse_url(f"sqlite:///{tmp_path / 'clapper.sqlite3'}")
        return
    url, name = await new_schema()
    yield url
    await drop_schema(name)


class MigratedSchemas:
    """Schemas with the tables of this version, lent to one test after the other."""

    def __init__(self) -> None:
        self._idle: list[tuple[URL, str]] = []
        self._notes: set[str] = set()

    async def lend(self) -> tuple[URL, str]:
        """Skips as `new_schema` does."""
        if self._idle:
            return self._idle.pop()
        url, name = await new_schema()
        await migrate(url, clock=ManualClock(auto=True))
        async with await psycopg.AsyncConnection.connect(_plain(), autocommit=True) as connection:
            found = await connection.execute(f'SELECT key FROM "{name}".notes'.encode())
            self._notes = {str(key) for (key,) in await found.fetchall()}
        return url, name

    async def take_back(self, url: URL, name: str) -> None:
        """Delete all rows but those that the migration made."""
        async with await psycopg.AsyncConnection.connect(_plain(), autocommit=True) as connection:
            await connection.execute(f'SET search_path TO "{name}"'.encode())
            await connection.execute("SET lock_timeout = '60s'")  # a test left a transaction open
            # The newest first, which may point to older ones.
            found = await connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname <> 'alembic_version' "
                "AND relnamespace = current_schema()::regnamespace ORDER BY oid DESC"
            )
            for (table,) in await found.fetchall():
                kept = self._notes if table == "notes" else set()
                condition = "WHERE NOT key = ANY(%s)" if kept else ""
                await connection.execute(f'DELETE FROM "{table}" {condition}'.encode(), [list(kept)] if kept else None)
        self._idle.append((url, name))

    async def drop_all(self) -> None:
        for _, name in self._idle:
            await drop_schema(name)


@pytest.fixture(scope="session")
def migrated_schemas() -> Iterator[MigratedSchemas]:
    schemas = MigratedSchemas()
    yield schemas
    asyncio.run(schemas.drop_all())


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the tables of this version, to be copied."""
    made, copy = (tmp_path_factory.mktemp("migrated") / name for name in ("made.sqlite3", "clapper.sqlite3"))
    asyncio.run(migrate(parse_url(f"sqlite:///{made}"), clock=ManualClock(auto=True)))
    copy_database(made, copy)  # connections that close at the same moment may leave a part in the WAL
    return copy


@pytest_asyncio.fixture(params=BOTH)
async def migrated_url(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_schemas: MigratedSchemas, migrated_file: Path
) -> AsyncIterator[URL]:
    """The address of a database with this version's tables and without rows, once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "clapper.sqlite3"
        shutil.copyfile(migrated_file, path)
        yield parse_url(f"sqlite:///{path}")
        return
    url, name = await migrated_schemas.lend()
    yield url
    await migrated_schemas.take_back(url, name)


async def execute(database: Database, statement: Executable, parameters: Any = None) -> None:
    """In a transaction of its own."""
    await database.write(lambda connection: connection.execute(statement, parameters))


async def scalar(database: Database, query: Executable, parameters: Any = None) -> Any:
    return await database.read(lambda connection: connection.scalar(query, parameters))


@asynccontextmanager
async def held(database: Database, *, lock: int | Collection[int] | None = None) -> AsyncIterator[None]:
    """The block happens in the middle of a transaction that may write: on SQLite nobody else writes meanwhile."""
    inside, over = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait(_: Connection) -> None:
        loop.call_soon_threadsafe(inside.set)
        over.wait()

    holding = asyncio.create_task(database.write(wait, lock=lock))
    await inside.wait()
    try:
        yield
    finally:
        over.set()
        await holding


@pytest_asyncio.fixture
async def database(migrated_url: URL) -> AsyncIterator[Database]:
    """A migrated database, once on each kind."""
    opened = Database(migrated_url, clock=ManualClock(auto=True), pool_size=5)
    yield opened
    await opened.close()
