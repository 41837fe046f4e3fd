"""`clapper backup` and `clapper restore`: the database, the files and the keys of one process on SQLite, in a folder.

A backup is made beside the running bot. The files are taken before and after the database: what a row of the copy names
was there at one of the two, unless it came and went between them.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ValidationError

from bot import __version__
from bot.errors import SettingsError
from bot.settings import Settings
from bot.store.copies import checked_revision, doubt_unsent
from bot.store.database import FileLock, parse_url
from bot.store.encryption import seal, unseal
from bot.store.upgrade import copy_database
from bot.wiring.data_folder import make_private, note_in_use

DATABASE, FILES, KEYS, CONTENTS = "database.sqlite3", "files", "secret.key.sealed", "backup.json"
_KEY_FILE = "secret.key"


class Contents(BaseModel, frozen=True):
    """What a backup says of itself in `backup.json`. `running`: the bot ran while it was made, and may have run on."""

    version: str
    revision: str
    made_at: AwareDatetime
    running: bool
    files: int
    files_url: str
    keys: Literal["sealed", "left out", "in SECRET_KEYS"]


@dataclass(frozen=True, slots=True)
class Restored:
    """How a restore went. `doubted`: jobs that may have been sent after the backup was made."""

    contents: Contents
    doubted: int


def back_up(settings: Settings, to: Path, *, passphrase: str | None, now: datetime) -> Contents:
    """Make the folder `to`, whole or not at all; without a passphrase the key file is left out.

    Raises `SettingsError`, also where `to` holds something already.
    """
    database = _sqlite_file(settings)
    if not database.is_file():
        raise SettingsError(f"there is no database at {database}: nothing to back up (see DATA_DIR)")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise SettingsError(f"{to} holds something already: name a folder that is not there yet")
    partial = to.with_name(f"{to.name}.partial")
    os.umask(os.umask(0) | 0o077)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        contents = _fill(settings, database, partial, passphrase, now)
        if to.exists():
            to.rmdir()
        partial.rename(to)
    except OSError as exc:
        raise SettingsError(f"the backup can't be written to {to}: {exc}") from exc
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return contents


def _fill(settings: Settings, database: Path, to: Path, passphrase: str | None, now: datetime) -> Contents:
    lock = _lock_if_free(settings)
    try:
        stored = None if settings.files_url else settings.data_dir / "files"
        if stored is not None:
            _take_files(stored, to / FILES)
        copy_database(database, to / DATABASE)
        if stored is not None:
            _take_files(stored, to / FILES)
    finally:
        if lock is not None:
            lock.release()
    contents = Contents(
        version=__version__,
        revision=checked_revision(to / DATABASE),
        made_at=now,
        running=lock is None,
        files=sum(path.is_file() for path in (to / FILES).rglob("*")),
        files_url=settings.files_url,
        keys=_take_keys(settings, to, passphrase),
    )
    (to / CONTENTS).write_text(contents.model_dump_json(indent=2) + "\n")
    return contents


def restore_backup(settings: Settings, source: Path, *, passphrase: str | None) -> Restored:
    """Fill an empty `DATA_DIR` from a backup. Raises `SettingsError` where it can't be used, or there is a database."""
    contents = _contents(source)
    checked_revision(source / DATABASE)
    database = _sqlite_file(settings)
    if database.exists() or (settings.data_dir / _KEY_FILE).exists():
        raise SettingsError(f"{settings.data_dir} holds a database or a key already: restore into an empty DATA_DIR")
    if contents.files_url != settings.files_url:
        raise SettingsError(f"the backup's files are at FILES_URL={contents.files_url}: set the same here")
    key = _key(source, contents, passphrase)
    url = parse_url(settings.database)
    make_private(settings, url)
    lock = FileLock.take(url)
    try:
        if (source / FILES).is_dir():
            shutil.copytree(source / FILES, settings.data_dir / FILES, dirs_exist_ok=True)
        if key is not None:
            (settings.data_dir / _KEY_FILE).write_bytes(key)
        # Under another name until it is whole: a start meanwhile, or after a full disk, must not take a part for all.
        partial = database.with_name(f"{database.name}.restored")
        shutil.copyfile(source / DATABASE, partial)
        doubted = doubt_unsent(partial) if contents.running and not settings.resubmit_unknown else 0
        partial.rename(database)
        note_in_use(url)
    except OSError as exc:
        raise SettingsError(f"the backup can't be restored into {settings.data_dir}: {exc}") from exc
    finally:
        lock.release()
    return Restored(contents, doubted)


def _sqlite_file(settings: Settings) -> Path:
    url = parse_url(settings.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise SettingsError(
            "the database is PostgreSQL: back it up with pg_dump, and with it FILES_URL and the keys; after pg_restore "
            "comes clapper migrate --restored (docs/operators.md, “Backups”)"
        )
    return Path(url.database)


def _lock_if_free(settings: Settings) -> FileLock | None:
    """None where the bot runs. Held, it keeps one from being started in the middle."""
    try:
        return FileLock.take(parse_url(settings.database))
    except SettingsError:
        return None


def _take_files(stored: Path, to: Path) -> None:
    """Every stored file that is not in `to` yet: a second name of the same bytes where the file system can, which never
    change, or else a copy."""
    for path in stored.rglob("*"):
        copy = to / path.relative_to(stored)
        if not path.is_file() or "#" in path.name or copy.exists():  # names with # are being written
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # it was deleted meanwhile
            try:
                copy.hardlink_to(path)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copyfile(path, copy)


def _take_keys(settings: Settings, to: Path, passphrase: str | None) -> Literal["sealed", "left out", "in SECRET_KEYS"]:
    if settings.secret_keys:
        return "in SECRET_KEYS"
    if passphrase is None:
        return "left out"
    (to / KEYS).write_bytes(seal((settings.data_dir / _KEY_FILE).read_bytes(), passphrase))
    return "sealed"


def _contents(source: Path) -> Contents:
    try:
        return Contents.model_validate_json((source / CONTENTS).read_bytes())
    except OSError as exc:
        raise SettingsError(f"{source} is no backup of Clapper's: {CONTENTS} can't be read ({exc.strerror})") from exc
    except ValidationError as exc:
        raise SettingsError(f"{source} is no backup of this Clapper's: {CONTENTS} says something else") from exc


def _key(source: Path, contents: Contents, passphrase: str | None) -> bytes | None:
    if contents.keys != "sealed":
        return None
    if passphrase is None:
        raise SettingsError("the backup's key is sealed: name the file with its passphrase by --passphrase-file")
    key = unseal((source / KEYS).read_bytes(), passphrase)
    if key is None:
        raise SettingsError("the passphrase does not open the backup's key: it is another one, or the file is damaged")
    return key
