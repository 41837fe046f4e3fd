"""The folder `DATA_DIR`: for its own user alone, and an emptied database in it is a loss, not a new start."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.ops.metrics import Metrics
from bot.rules.catalog import load_catalog
from bot.settings import Settings
from bot.wiring.process import Process
from bot.wiring.store import open_store
from tests.clock import ManualClock


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """As the usual shell has it, so that what is private is so by our doing."""
    before = os.umask(0o022)
    yield
    os.umask(before)


async def start(folder: Path, **settings: object) -> None:
    """Open the store as a start of the bot does, store a file, and stop."""
    wanted = {"discord_token": "t", "decart_api_key": "k", "data_dir": folder} | settings
    process = Process(
        settings=Settings.model_validate(wanted),
        catalog=load_catalog(),
        metrics=Metrics(),
        clock=ManualClock(),
        gateway=True,
    )
    async with AsyncExitStack() as closing:
        store = await open_store(process, closing)
        await store.notes.put("a", "b")
        given = folder / "work" / "given"
        given.parent.mkdir(exist_ok=True)
        given.write_bytes(b"picture")
        await store.files.put("jobs/" + "ab" * 16 + "/data", given, "image/png")
        given.unlink()


def open_to_others(folder: Path) -> list[str]:
    """What in and below the folder others may read, write or enter."""
    return [str(path) for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.asyncio
async def test_everything_is_made_for_its_own_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await start(folder)
    names = {path.name for path in folder.iterdir()}
    assert {"clapper.sqlite3", "clapper.sqlite3.lock", "secret.key", "files"} <= names
    assert open_to_others(folder) == []


@pytest.mark.asyncio
async def test_what_an_earlier_version_left_open_is_closed_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await start(folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    await start(folder)
    assert open_to_others(folder) == []


@pytest.mark.asyncio
async def test_a_folder_that_holds_other_things_stays_as_it_is_but_our_files_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    await start(folder)
    other = folder / "other.txt"
    other.write_text("somebody's")
    outside = tmp_path / "outside"
    outside.write_text("elsewhere")
    (folder / "files" / "link").symlink_to(outside)
    for path in (folder, folder / "clapper.sqlite3", folder / "files", other, outside):
        path.chmod(0o755)
    await start(folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, other, outside)] == [0o755] * 3
    assert stat.S_IMODE((folder / "clapper.sqlite3").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "files").stat().st_mode) == 0o700


def empty(folder: Path) -> Path:
    """What a full disk or a broken copy leaves of the database."""
    database = folder / "clapper.sqlite3"
    for path in folder.glob("clapper.sqlite3-*"):
        path.unlink()
    database.write_bytes(b"")
    return database


@pytest.mark.asyncio
@pytest.mark.parametrize("left", ["lock", "files", "wal"])
async def test_an_emptied_database_ends_the_start_with_what_to_restore(tmp_path: Path, left: str) -> None:
    await start(tmp_path)
    database = empty(tmp_path)
    if left != "lock":
        (tmp_path / "clapper.sqlite3.lock").write_bytes(b"")
    if left != "files":
        next((tmp_path / "files").rglob("data")).unlink()
    if left == "wal":
        (tmp_path / "clapper.sqlite3-wal").write_bytes(b"changes")
    with pytest.raises(SettingsError, match=r"is empty, but .*: restore clapper\.sqlite3 from your latest backup"):
        await start(tmp_path)
    assert database.stat().st_size == 0, "nothing was made in its place"
    for path in tmp_path.glob("clapper.sqlite3*"):
        path.unlink()
    await start(tmp_path)


@pytest.mark.asyncio
async def test_an_empty_file_that_never_had_rows_is_a_new_start(tmp_path: Path) -> None:
    (tmp_path / "clapper.sqlite3").write_bytes(b"")
    await start(tmp_path)
    await start(tmp_path)
