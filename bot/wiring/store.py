"""The layer of what outlives the process: the migrated database, and the files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.engine import URL

from bot.errors import DatabaseUnavailable, FilesUnavailable, SettingsError
from bot.files import StoredFiles, open_files
from bot.rules import drafts
from bot.rules.clock import Clock
from bot.rules.guild_settings_file import IMPORT_LIFE
from bot.store.copies import doubt_unsent_in
from bot.store.database import Database, FileLock, parse_url
from bot.store.encryption import Keys
from bot.store.history import JobHistory
from bot.store.jobs import Jobs
from bot.store.notes import Notes, TemporaryNotes
from bot.store.queue import WorkQueue
from bot.store.upgrade import migrate
from bot.wiring.data_folder import make_private, note_in_use, refuse_emptied
from bot.wiring.process import Process
from bot.work.guilds.settings import UNDO_LIFE
from bot.work.membership import check_membership, forget_membership
from bot.work.working_folders import working_root

DATABASE_CONNECTIONS = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Rows, files, and the keys to what is secret in them."""

    database: Database
    files: StoredFiles
    keys: Keys
    jobs: Jobs
    notes: Notes
    drafts: TemporaryNotes
    imports: TemporaryNotes
    undos: TemporaryNotes
    history: JobHistory


async def open_store(process: Process, closing: AsyncExitStack) -> Store:
    """The database, brought up to date, and the files; in a cluster they must be those of the others."""
    settings, clock = process.settings, process.clock
    await asyncio.to_thread(make_private, settings, parse_url(settings.database))
    files = open_files(settings.files_url, settings.data_dir, failed=process.metrics.file_errors.inc)
    database = await _open_database(process, closing)
    keys = await asyncio.to_thread(Keys.open, settings.secret_keys, settings.data_dir)
    notes = Notes(database)
    if settings.clustered:
        try:
            await check_membership(notes, files, keys, folder=working_root(settings))
        except FilesUnavailable as exc:
            raise SettingsError(f"FILES_URL {settings.files_url!r} can't be used: {exc}") from exc
    return Store(
        database=database,
        files=files,
        keys=keys,
        jobs=Jobs(database, keys=keys, clock=clock),
        notes=notes,
        drafts=TemporaryNotes(database, kind="draft", life=drafts.LIFE, clock=clock),
        imports=TemporaryNotes(database, kind="import", life=IMPORT_LIFE, clock=clock),
        undos=TemporaryNotes(database, kind="undo", life=UNDO_LIFE, clock=clock),
        history=JobHistory(database, keys=keys),
    )


async def _open_database(process: Process, closing: AsyncExitStack) -> Database:
    url = parse_url(process.settings.database)
    lock = await asyncio.to_thread(FileLock.take, url)
    closing.callback(lock.release)
    await asyncio.to_thread(refuse_emptied, process.settings, url)
    await bring_up_to_date(url, process.clock)
    await asyncio.to_thread(note_in_use, url)
    database = Database(url, clock=process.clock, pool_size=DATABASE_CONNECTIONS)
    closing.push_async_callback(database.close)
    return database


async def bring_up_to_date(url: URL, clock: Clock) -> None:
    """Migrate; raises `SettingsError` where the database can't be reached."""
    await reached(url, migrate(url, clock=clock))


async def reached(url: URL, act: Awaitable[T]) -> T:
    """What `act` gives; raises `SettingsError` where the database can't be reached."""
    try:
        return await act
    except DatabaseUnavailable as exc:
        raise SettingsError(
            f"the database at {url.render_as_string(hide_password=True)} can't be used: {exc} "
            "(see DATABASE_URL and DATA_DIR)"
        ) from exc


async def settle_restored(url: URL, clock: Clock, *, doubts: bool) -> int:
    """For a database that was put back from a copy: the workers that it names are gone, and what they ran is for others
    at once. `doubts`: jobs that were not sent then are settled as those without a known outcome; gives how many."""
    database = Database(url, clock=clock)
    try:
        doubted = await reached(url, doubt_unsent_in(database)) if doubts else 0
        if not database.is_sqlite:
            await reached(url, WorkQueue(database).sweep(timedelta(0)))
        return doubted
    finally:
        await database.close()


async def forget_files_and_keys(url: URL, clock: Clock) -> None:
    """Let the next process of the cluster say anew which files and keys belong to the database."""
    database = Database(url, clock=clock)
    try:
        await forget_membership(Notes(database))
    finally:
        await database.close()
