"""The folder `DATA_DIR`: nobody else may look into it, and an emptied database in it is not taken for a new start."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import URL

from bot.errors import SettingsError
from bot.settings import Settings

log = logging.getLogger(__name__)

_OTHERS = 0o077
_OURS = frozenset({"files", "work", "charts", "secret.key"})
"""Names in `DATA_DIR`, besides the database's. One that holds others, too, is not ours alone, and stays as it is."""
_IN_USE = b"in use\n"


def make_private(settings: Settings, url: URL) -> None:
    """Make `DATA_DIR`, and see to it that what this process makes, and has made there, is for its own user alone.

    Raises `SettingsError` where the folder can't be made.
    """
    os.umask(os.umask(0) | _OTHERS)
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingsError(f"DATA_DIR {folder} can't be made: {exc.strerror}") from exc
    database = _database_file(url)
    entries = {path.name for path in folder.iterdir()}
    theirs = {name for name in entries - _OURS if database is None or not name.startswith(database.name)}
    beside = [] if database is None else database.parent.glob(f"{database.name}*")
    for path in [folder] * (not theirs) + [*(folder / name for name in _OURS), *beside]:
        _close(path)


def refuse_emptied(settings: Settings, url: URL) -> None:
    """Raise `SettingsError` where the database's file is empty and had rows: a new one there would hide the loss.

    A file that is not there is a new start.
    """
    database = _database_file(url)
    if database is None or not database.is_file() or database.stat().st_size > 0:
        return
    held = {
        "it had rows": _lock_file(database).is_file() and _lock_file(database).stat().st_size > 0,
        "its changes are beside it": any(part.stat().st_size for part in database.parent.glob(f"{database.name}-*")),
        "stored files are beside it": any(True for _ in _files_in(settings.data_dir / "files")),
    }
    why = [reason for reason, holds in held.items() if holds]
    if why:
        raise SettingsError(
            f"the database {database} is empty, but {why[0]}: restore {database.name} from your latest backup, with "
            f"files/ and secret.key of the same time; to begin anew instead, move {database} away"
        )


def note_in_use(url: URL) -> None:
    """From now on the database has rows, so that an empty file in its place is a loss."""
    database = _database_file(url)
    if database is not None:
        _lock_file(database).write_bytes(_IN_USE)


def _database_file(url: URL) -> Path | None:
    is_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if is_file else None


def _lock_file(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


def _close(path: Path) -> None:
    """Take the rights of others away, below a folder, too; what is not ours, or no plain file or folder, stays."""
    try:
        found = path.lstat()
        if found.st_uid != os.geteuid() or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            return
        if found.st_mode & _OTHERS == 0:
            return  # and what is below it can't be reached
        if path.name in _OURS and stat.S_ISDIR(found.st_mode):
            for below in path.iterdir():
                _close_below(below)
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
        log.warning("%s could be read by other users of this machine: it can't any more", path)
    except FileNotFoundError:
        return
    except OSError as exc:
        log.warning("%s may be read by other users of this machine: %s", path, exc)


def _close_below(path: Path) -> None:
    found = path.lstat()
    if found.st_uid != os.geteuid() or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return
    if stat.S_ISDIR(found.st_mode):
        for below in path.iterdir():
            _close_below(below)
    path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
