"""Questions that are broken off at any instant cost no connection."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bot.store.database import Database
from tests.clock import ManualClock


@pytest.mark.asyncio
@pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning")
async def test_a_question_that_is_broken_off_anywhere_leaves_no_connection_open(tmp_path: Path) -> None:
    async def ask(database: Database) -> None:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ResourceWarning)
        for turns in range(40):  # of the loop: from before the opening to after the answer
            database = Database(make_url(f"sqlite+aiosqlite:///{tmp_path / str(turns)}"), clock=ManualClock())
            question = asyncio.create_task(ask(database))
            for _ in range(turns):
                await asyncio.to_thread(gc.get_count)  # another thread gets its turn, too
            question.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await question
            await database.close()
            gc.collect()
    assert [str(warning.message) for warning in heard] == []
