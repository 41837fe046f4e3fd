"""Folders under `DATA_DIR` for what one step works on: locked while they are in use, cleared away after a crash."""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import FilesUnavailable
from bot.settings import Settings

_LOCKED_WITHIN_SECONDS = 2.0
"""Between making a folder and locking it no process takes longer."""


def working_root(settings: Settings) -> Path:
    """The folder that all of them are made in; it is made if need be."""
    root = settings.data_dir / "work"
    root.mkdir(parents=True, exist_ok=True)
    return root


@contextmanager
def working_folder(settings: Settings, *, prefix: str) -> Iterator[Path]:
    """A new folder, gone at the end however it ends. Raises `FilesUnavailable` where none can be made.

    It is locked while it is in use, so that `clear_working_folders` can tell it from one that a crash left.
    """
    folder = settings.data_dir.absolute() / "work" / f"{prefix}{secrets.token_hex(8)}"
    try:
        _make(folder, settings)
    except OSError as exc:
        raise FilesUnavailable(f"no working folder can be made: {exc}") from exc
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield folder
        finally:
            os.close(descriptor)
    finally:
        _remove(folder)


def _make(folder: Path, settings: Settings) -> None:
    try:
        folder.mkdir(0o700)
    except FileNotFoundError:  # somebody took the root away since the start
        working_root(settings)
        folder.mkdir(0o700)


def _remove(folder: Path) -> None:
    """A few files, most often: `rmtree`, which looks at each twice, takes ten times as long."""
    try:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


async def clear_working_folders(settings: Settings, *, at_start: bool = False) -> None:
    """Remove the folders that crashes left. Those that any process works in are locked, and stay.

    Young ones stay as well, as they may be about to be locked; not so `at_start` of the one process that owns
    `DATA_DIR`.
    """
    young = math.inf if at_start and not settings.clustered else time.time() - _LOCKED_WITHIN_SECONDS
    await asyncio.to_thread(_clear, working_root(settings), young)


def _clear(root: Path, young: float) -> None:
    for folder in root.iterdir():
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.stat().st_mtime < young:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(descriptor)
