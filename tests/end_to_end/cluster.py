"""Processes of one cluster, on a schema of their own in a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest_asyncio
from sqlalchemy.engine import URL, make_url

from tests.adapters.databases import drop_schema, new_schema
from tests.adapters.sandbox_material import clip as draw_clip
from tests.fleet import Fleet, fleet

PENDING_SECONDS, PROCESSING_SECONDS = 0.3, 1.0


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Fleet]:
    """Stand-ins and an empty database; processes are the test's to start, and ended after it."""
    url, name = await new_schema()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(draw_clip(64, 36, seconds=1, sound=False))
    named = url.update_query_dict({"application_name": name})
    async with fleet(
        tmp_path / "data",
        address(named),
        clip=clip,
        pending_seconds=PENDING_SECONDS,
        processing_seconds=PROCESSING_SECONDS,
    ) as ships:
        await ships.without_limits()
        yield ships
    await drop_schema(name)


def address(url: URL) -> str:
    return url.render_as_string(hide_password=False)


async def ask_database(ships: Fleet, query: str) -> list[tuple[object, ...]]:
    """What the cluster's database answers."""
    url = make_url(ships.database_url)
    where = url.translate_connect_args(username="user", database="dbname") | dict(url.query)
    async with await psycopg.AsyncConnection.connect(**where, autocommit=True) as connection:
        return await (await connection.execute(query.encode())).fetchall()
