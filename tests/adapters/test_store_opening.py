"""Opening a database: addresses, keys, the lock, migrations, outages."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from bot.errors import DatabaseUnavailable, SettingsError
from bot.store.database import Database, FileLock, parse_url
from bot.store.encryption import Keys
from bot.store.threads import Unit
from bot.store.upgrade import migrate
from tests.adapters.databases import drop_schema, empty_url, execute, new_schema, scalar
from tests.clock import ManualClock

__all__ = ["empty_url"]


@pytest.mark.parametrize(
    "address",
    ["mysql://x/y", "nonsense", "postgresql+asyncpg://h/d", "http://[", "sqlite+x://", "sqlite:////", "sqlite://"],
)
def test_other_databases_and_nonsense_are_settings_to_mend(address: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        parse_url(address)


def test_addresses_get_the_drivers_that_we_use() -> None:
    assert parse_url("postgresql://h/d").drivername == "postgresql+psycopg"
    assert parse_url("sqlite:///x").drivername == "sqlite"
    assert parse_url("sqlite+aiosqlite:///x") == parse_url("sqlite:///x"), "as it was written up to version 0.1"


def test_a_second_process_on_the_file_is_refused_in_one_line_and_let_in_afterwards(tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path / 'data' / 'clapper.sqlite3'}")
    lock = FileLock.take(url)
    script = (
        "import sys\nfrom bot.errors import SettingsError\nfrom bot.store.database import FileLock, parse_url\n"
        "try:\n    FileLock.take(parse_url(sys.argv[1]))\nexcept SettingsError as e:\n    print(e)\n    sys.exit(2)\n"
    )
    command = [sys.executable, "-c", script, str(url)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 2
    assert refused.stdout.startswith("another Clapper already runs on")
    assert refused.stdout.count("\n") == 1
    lock.release()
    lock.release()
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def test_a_folder_that_can_not_be_made_is_a_setting_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="DATA_DIR"):
        FileLock.take(parse_url(f"sqlite:///{tmp_path / 'file' / 'x' / 'clapper.sqlite3'}"))


def test_postgresql_needs_no_lock() -> None:
    FileLock.take(parse_url("postgresql://h/d")).release()


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = Keys.open((), tmp_path / "data")
    second = Keys.open((), tmp_path / "data")
    assert second.decrypt(first.encrypt("token")) == "token"
    file = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_keys_from_the_settings_come_first_and_malformed_ones_are_named(tmp_path: Path) -> None:
    keyring = Keys.open((SecretStr(Fernet.generate_key().decode()),), tmp_path)
    assert keyring.decrypt(keyring.encrypt("token")) == "token"
    assert keyring.decrypt("nonsense") is None
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="SECRET_KEYS"):
        Keys.open((SecretStr("short"),), tmp_path)


def test_a_key_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(SettingsError, match=r"secret\.key"):
        Keys.open((), tmp_path)


@pytest.mark.asyncio
async def test_migrating_is_harmless_when_repeated_and_when_many_do_it_at_once(empty_url: URL) -> None:
    clock = ManualClock(auto=True)
    await asyncio.gather(*(migrate(empty_url, clock=clock) for _ in range(3)))
    await migrate(empty_url, clock=clock)
    database = Database(empty_url, clock=clock)
    await database.check()
    assert await scalar(database, text("SELECT count(*) FROM jobs")) == 0
    await database.close()


@pytest.mark.asyncio
async def test_a_database_of_a_newer_clapper_is_refused_with_a_line_that_says_what_to_do(empty_url: URL) -> None:
    clock = ManualClock(auto=True)
    await migrate(empty_url, clock=clock)
    database = Database(empty_url, clock=clock)
    await execute(database, text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(SettingsError, match=r"newer Clapper .*9999.* install that version again, or restore a backup"):
        await migrate(empty_url, clock=clock)


def pragma(name: str) -> Unit[Any]:
    return lambda connection: connection.scalar(text(f"PRAGMA {name}"))


@pytest.mark.asyncio
async def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    database = Database(parse_url(f"sqlite:///{tmp_path / 'x'}"), clock=ManualClock())
    for do in (database.read, database.write):
        expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
        for name, value in expected.items():
            assert await do(pragma(name)) == value
    await database.close()


def test_a_process_on_sqlite_whose_tables_are_new_enough_imports_nothing_of_other_databases(
    tmp_path: Path, migrated_file: Path
) -> None:
    shutil.copyfile(migrated_file, tmp_path / "clapper.sqlite3")
    script = """
import asyncio, sys
import bot.app
from bot.rules.clock import SystemClock
from bot.store.database import Database, parse_url
from bot.store.notes import Notes
from bot.store.upgrade import migrate

async def use(url):
    await migrate(url, clock=SystemClock())
    database = Database(url, clock=SystemClock())
    await Notes(database).put("a", "b")
    await database.close()

asyncio.run(use(parse_url(sys.argv[1])))
print(*sys.modules)
"""
    command = [sys.executable, "-c", script, f"sqlite:///{tmp_path / 'clapper.sqlite3'}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    unwanted = {
        "psycopg", "procrastinate", "alembic", "aiosqlite", "sqlalchemy.dialects.postgresql", "sqlalchemy.ext.asyncio",
        "sqlalchemy.orm", "obstore",
    }  # fmt: skip
    assert unwanted & set(found.stdout.split()) == set()


@pytest.mark.asyncio
async def test_a_server_that_is_not_there_is_unavailable_after_some_tries() -> None:
    clock = ManualClock(auto=True)
    database = Database(parse_url("postgresql://nobody@127.0.0.1:1/none"), clock=clock)
    with pytest.raises(DatabaseUnavailable):
        await database.retry(database.check)
    assert len(clock.slept) == 7
    assert sum(clock.slept) == pytest.approx(12.7)
    await database.close()


@pytest.mark.asyncio
async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a database at all, but long enough to be taken for one" * 40)
    database = Database(parse_url(f"sqlite:///{tmp_path / 'x'}"), clock=ManualClock())
    with pytest.raises(DatabaseUnavailable):
        await database.check()
    await database.close()


@pytest.mark.asyncio
@pytest.mark.postgres
async def test_a_server_that_vanished_with_its_machine_is_given_up_within_seconds() -> None:
    url, name = await new_schema()
    database = Database(url.update_query_dict({"keepalives_idle": "4"}), clock=ManualClock(auto=True))

    def look(connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(raw.fileno())) as wire:
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 4, "what the address says holds"
            every = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            assert every * wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) < 10
            assert 0 < wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) < 15_000

    await database.read(look)
    await database.close()
    await drop_schema(name)
