"""Small things that outlive the process: what was synced last, which model rests until when."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.rules.clock import Clock
from bot.store.database import Database
from bot.store.tables import notes


class Notes:
    """Texts by key. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        async with self._database.reading() as connection:
            return await connection.scalar(select(notes.c.value).where(notes.c.key == key))

    async def put(self, key: str, value: str) -> None:
        """Over what was there."""
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        statement = insert(notes).values(key=key, value=value)
        async with self._database.writing() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    async def put_if_absent(self, key: str, value: str) -> str:
        """Put it where nothing is yet; gives what is there afterwards, which is the same for all who ask."""
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        async with self._database.writing() as connection:
            await connection.execute(insert(notes).values(key=key, value=value).on_conflict_do_nothing())
            return str(await connection.scalar(select(notes.c.value).where(notes.c.key == key)))

    async def add(self, key: str, value: str) -> bool:
        """Put it where nothing is yet; False where something is. Of several that try at once one succeeds."""
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        statement = insert(notes).values(key=key, value=value).on_conflict_do_nothing()
        async with self._database.writing() as connection:
            return await connection.scalar(statement.returning(notes.c.key)) is not None

    async def replace_older(self, key: str, new: str, *, than: str) -> bool:
        """Put `new` where there is nothing, or a text that sorts up to `than`; of several that try at once one can."""
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        statement = insert(notes).values(key=key, value=new)
        older = notes.c.value <= than
        async with self._database.writing() as connection:
            put = statement.on_conflict_do_update(index_elements=["key"], set_={"value": new}, where=older)
            return await connection.scalar(put.returning(notes.c.key)) is not None

    async def between(self, first: str, last: str) -> dict[str, str]:
        """The texts of every key from `first` to `last`, in the order of their characters."""
        wanted = select(notes.c.key, notes.c.value).where((notes.c.key >= first) & (notes.c.key <= last))
        async with self._database.reading() as connection:
            return {row.key: row.value for row in await connection.execute(wanted)}

    async def drop(self, *keys: str) -> None:
        """One that is not there is no error."""
        async with self._database.writing() as connection:
            await connection.execute(delete(notes).where(notes.c.key.in_(keys)))


class TemporaryNotes:
    """Texts that are kept for `life`, under keys of one kind. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database, *, kind: str, life: timedelta, clock: Clock) -> None:
        """`kind`: letters alone, other ones than those of all other kinds; it begins the keys in the table."""
        self._database = database
        self._prefix = f"{kind}:"
        self._life = life
        self._clock = clock

    async def get(self, key: str) -> str | None:
        """None where there is none, or none any more."""
        async with self._database.reading() as connection:
            return await connection.scalar(select(notes.c.value).where(*self._living(key)))

    async def put(self, key: str, value: str) -> None:
        """Over what was there, and for a whole `life` again."""
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        new = {"value": value, "expires_at": self._clock.now() + self._life}
        statement = insert(notes).values(key=self._prefix + key, **new)
        async with self._database.writing() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=new))

    async def take(self, key: str) -> str | None:
        """Give the text and forget it, in one: of two who take the same, one gets None."""
        taken = delete(notes).where(*self._living(key)).returning(notes.c.value)
        async with self._database.writing() as connection:
            return await connection.scalar(taken)

    async def drop(self, key: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(delete(notes).where(notes.c.key == self._prefix + key))

    async def all(self) -> dict[str, str]:
        """Every text by its key."""
        living = select(notes.c.key, notes.c.value).where(self._of_this_kind(), notes.c.expires_at > self._clock.now())
        async with self._database.reading() as connection:
            found = await connection.execute(living)
            return {row.key.removeprefix(self._prefix): row.value for row in found}

    async def drop_expired(self) -> int:
        """Forget those whose life is over; gives their number."""
        # Those without a time were written by a version that did not know of it.
        expired = notes.c.expires_at.is_(None) | (notes.c.expires_at <= self._clock.now())
        async with self._database.writing() as connection:
            return (await connection.execute(delete(notes).where(self._of_this_kind(), expired))).rowcount

    def _living(self, key: str) -> tuple[ColumnElement[bool], ...]:
        return notes.c.key == self._prefix + key, notes.c.expires_at > self._clock.now()

    def _of_this_kind(self) -> ColumnElement[bool]:
        return notes.c.key.startswith(self._prefix, autoescape=True)
