"""Real databases for the tests: an SQLite file, and a schema of its own on a PostgreSQL server."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.engine import URL

from bot.store.database import Database, migrate, parse_url
from tests.clock import ManualClock

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/test")
BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


async def new_schema() -> tuple[URL, str]:
    """A fresh schema and the address that works in it; skips where no server is reachable, unless one is required."""
    name = f"clapper_{uuid.uuid4().hex[:12]}"
    try:
        connection = await psycopg.AsyncConnection.connect(_plain(), autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as exc:
        if "postgres" in os.environ.get("CLAPPER_REQUIRE", ""):
            raise
        pytest.skip(f"no PostgreSQL server can be reached at {SERVER}: {exc}")
    async with connection:
        await connection.execute(f'CREATE SCHEMA "{name}"')
    return parse_url(SERVER).update_query_dict({"options": f"-csearch_path={name}"}), name


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


@pytest_asyncio.fixture
async def database(empty_url: URL) -> AsyncIterator[Database]:
    """A migrated database, once on each kind."""
    clock = ManualClock(auto=True)
    await migrate(empty_url, clock=clock)
    opened = Database(empty_url, clock=clock, pool_size=5)
    yield opened
    await opened.close()
