"""Backups and migrations as an operator meets them: whole or not at all, and nothing is overwritten."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy.engine import URL

from bot.cli import main
from bot.errors import SettingsError
from bot.settings import Settings
from bot.store.database import Database, FileLock, parse_url
from bot.store.encryption import Keys, seal, unseal
from bot.store.upgrade import NEWEST, alembic_config, migrate, try_migration
from bot.wiring.backup import back_up, restore_backup
from tests.adapters.databases import empty_url, migrated_file
from tests.clock import ManualClock

__all__ = ["empty_url", "migrated_file"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSPHRASE = "correct horse battery staple"
FILE = Path("files/jobs/a/result")
EARLIER = "0007"

Chosen = Callable[..., Settings]


@pytest.fixture
def chosen(tmp_path: Path) -> Chosen:
    """The settings of a bot whose `DATA_DIR` is a folder of that name."""

    def choose(folder: str, **changes: Any) -> Settings:
        plain: dict[str, Any] = {
            "discord_token": "t",
            "decart_api_key": "k",
            "data_dir": tmp_path / folder,
            "_env_file": None,
        }
        return Settings(**plain | changes)

    return choose


@pytest.fixture
def here(chosen: Chosen, migrated_file: Path) -> Settings:
    """A bot with a database, a key and a stored file."""
    settings = chosen("here")
    settings.data_dir.mkdir()
    shutil.copyfile(migrated_file, settings.data_dir / migrated_file.name)
    Keys.open((), settings.data_dir)
    stored = settings.data_dir / FILE
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"a video")
    return settings


def test_what_a_backup_holds_comes_back_and_is_for_its_user_alone(
    here: Settings, chosen: Chosen, tmp_path: Path
) -> None:
    to = tmp_path / "backup"
    contents = back_up(here, to, passphrase=PASSPHRASE, now=NOW)
    assert (contents.running, contents.files, contents.keys, contents.revision) == (False, 1, "sealed", NEWEST)
    assert sorted(path.name for path in to.iterdir()) == [
        "backup.json",
        "database.sqlite3",
        "files",
        "secret.key.sealed",
    ]
    assert to.stat().st_mode & 0o077 == 0
    assert (to / FILE).stat().st_ino == (here.data_dir / FILE).stat().st_ino, "no bytes were copied"

    there = chosen("there")
    restored = restore_backup(there, to, passphrase=PASSPHRASE)
    assert (restored.contents, restored.doubted) == (contents, 0)
    assert (there.data_dir / FILE).read_bytes() == b"a video"
    assert (there.data_dir / "secret.key").read_bytes() == (here.data_dir / "secret.key").read_bytes()
    assert (there.data_dir / "secret.key").stat().st_mode & 0o077 == 0


def test_a_backup_beside_the_running_bot_says_so(here: Settings, tmp_path: Path) -> None:
    lock = FileLock.take(parse_url(here.database))
    try:
        assert back_up(here, tmp_path / "backup", passphrase=None, now=NOW).running
    finally:
        lock.release()
    assert not (tmp_path / "backup" / "secret.key.sealed").exists()


def test_a_refused_backup_leaves_nothing_behind(here: Settings, chosen: Chosen, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to back up"):
        back_up(chosen("nowhere"), tmp_path / "backup", passphrase=None, now=NOW)
    (here.data_dir / "clapper.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(SettingsError, match="can't be copied"):
        back_up(here, tmp_path / "backup", passphrase=None, now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    with pytest.raises(SettingsError, match="holds something already"):
        back_up(here, here.data_dir, passphrase=None, now=NOW)
    with pytest.raises(SettingsError, match="pg_dump"):
        back_up(chosen("here", database_url="postgresql://h/d"), tmp_path / "backup", passphrase=None, now=NOW)


def newer(backup: Path) -> None:
    with closing(sqlite3.connect(backup / "database.sqlite3")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")


def damaged(backup: Path) -> None:
    path = backup / "database.sqlite3"
    path.write_bytes(path.read_bytes()[: 5 * 4096])


def not_ours(backup: Path) -> None:
    (backup / "backup.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(newer, "newer Clapper"), (damaged, "damaged|no database"), (not_ours, "is no backup")],
)
def test_a_backup_that_can_not_be_used_is_said_before_anything_is_written(
    here: Settings, chosen: Chosen, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    back_up(here, tmp_path / "backup", passphrase=None, now=NOW)
    spoil(tmp_path / "backup")
    with pytest.raises(SettingsError, match=words):
        restore_backup(chosen("there"), tmp_path / "backup", passphrase=None)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("passphrase", [None, "another passphrase"])
def test_a_sealed_key_needs_its_passphrase(
    here: Settings, chosen: Chosen, tmp_path: Path, passphrase: str | None
) -> None:
    back_up(here, tmp_path / "backup", passphrase=PASSPHRASE, now=NOW)
    with pytest.raises(SettingsError, match="passphrase"):
        restore_backup(chosen("there"), tmp_path / "backup", passphrase=passphrase)
    assert not (tmp_path / "there").exists()


def test_a_restore_overwrites_nothing(here: Settings, tmp_path: Path) -> None:
    back_up(here, tmp_path / "backup", passphrase=None, now=NOW)
    with pytest.raises(SettingsError, match="empty DATA_DIR"):
        restore_backup(here, tmp_path / "backup", passphrase=None)


def test_what_was_sealed_opens_with_its_passphrase_alone() -> None:
    sealed = seal(b"the key", PASSPHRASE)
    assert b"the key" not in sealed
    assert unseal(sealed, PASSPHRASE) == b"the key"
    assert unseal(sealed, PASSPHRASE + "!") is None
    assert unseal(b"nonsense", PASSPHRASE) is None


def test_the_commands_say_what_they_did(here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pass").write_text(f"{PASSPHRASE}\n")
    settings = {"DISCORD_TOKEN": "t", "DECART_API_KEY": "k", "DATA_DIR": str(here.data_dir)}

    def call(*arguments: str, **changes: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, arguments, env=settings | changes)
        return done.exit_code, done.output

    assert call("backup", "b") == (2, "say what to do with the key file: --passphrase-file FILE, or --without-keys\n")
    made = call("backup", "b", "--passphrase-file", "pass")
    assert made == (0, "b: the database, 1 files, keys: sealed\n")
    assert call("restore", "b", DATA_DIR="there")[0] == 2
    restored = call("restore", "b", "--passphrase-file", "pass", DATA_DIR="there")
    assert restored[0] == 0
    assert restored[1].startswith("restored what was there at 20")
    assert call("migrate", "--dry-run") == (0, f"the database is up to date: its tables are {NEWEST}\n")
    assert call("migrate", "--dry-run", DATA_DIR="none") == (0, "there is no database yet: the first start makes it\n")


async def make_earlier(url: URL) -> None:
    database = Database(url, clock=ManualClock(auto=True), enforce_foreign_keys=False)
    await database.write(lambda connection: command.upgrade(alembic_config(connection), EARLIER))
    await database.close()


@pytest.mark.asyncio
async def test_a_migration_is_tried_and_undone(empty_url: URL) -> None:
    clock = ManualClock(auto=True)
    assert await try_migration(empty_url, clock=clock) == (None, NEWEST)
    await make_earlier(empty_url)
    assert await try_migration(empty_url, clock=clock) == (EARLIER, NEWEST)
    assert await try_migration(empty_url, clock=clock) == (EARLIER, NEWEST), "nothing has changed"
    await migrate(empty_url, clock=clock)
    assert await try_migration(empty_url, clock=clock) == (NEWEST, NEWEST)


@pytest.mark.asyncio
async def test_a_file_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "clapper.sqlite3"
    url = parse_url(f"sqlite:///{path}")
    await migrate(url, clock=ManualClock(auto=True))
    assert not list(tmp_path.glob("*.before-*")), "there was nothing to copy"
    path.unlink()
    await make_earlier(url)
    await migrate(url, clock=ManualClock(auto=True))
    with closing(sqlite3.connect(tmp_path / f"clapper.sqlite3.before-{EARLIER}")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (EARLIER,)
