"""Small things that outlive the process: what was synced last, which model rests until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, select

from bot.rules.clock import Clock
from bot.store.database import Database
from bot.store.tables import notes


class Notes:
    """Texts by key. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = _insert_of(database)

    async def get(self, key: str) -> str | None:
        query = select(notes.c.value).where(notes.c.key == key)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def put(self, key: str, value: str) -> None:
        """Over what was there."""
        statement = self._insert(notes).values(key=key, value=value)
        put = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        await self._database.write(lambda connection: connection.execute(put))

    async def put_if_absent(self, key: str, value: str) -> str:
        """Put it where nothing is yet; gives what is there afterwards, which is the same for all who ask."""
        put = self._insert(notes).values(key=key, value=value).on_conflict_do_nothing()
        query = select(notes.c.value).where(notes.c.key == key)

        def unit(connection: Connection) -> str:
            connection.execute(put)
            return str(connection.scalar(query))

        return await self._database.write(unit)

    async def add(self, key: str, value: str) -> bool:
        """Put it where nothing is yet; False where something is. Of several that try at once one succeeds."""
        put = self._insert(notes).values(key=key, value=value).on_conflict_do_nothing().returning(notes.c.key)
        return await self._database.write(lambda connection: connection.scalar(put)) is not None

    async def replace_older(self, key: str, new: str, *, than: str) -> bool:
        """Put `new` where there is nothing, or a text that sorts up to `than`; of several that try at once one can."""
        statement = self._insert(notes).values(key=key, value=new)
        older = notes.c.value <= than
        replacing = statement.on_conflict_do_update(index_elements=["key"], set_={"value": new}, where=older)
        put = replacing.returning(notes.c.key)
        return await self._database.write(lambda connection: connection.scalar(put)) is not None

    async def between(self, first: str, last: str) -> dict[str, str]:
        """The texts of every key from `first` to `last`, in the order of their characters."""
        wanted = select(notes.c.key, notes.c.value).where((notes.c.key >= first) & (notes.c.key <= last))
        return await self._database.read(lambda connection: _texts(connection, wanted))

    async def drop(self, *keys: str) -> None:
        """One that is not there is no error."""
        removal = delete(notes).where(notes.c.key.in_(keys))
        await self._database.write(lambda connection: connection.execute(removal))


class TemporaryNotes:
    """Texts that are kept for `life`, under keys of one kind. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database, *, kind: str, life: timedelta, clock: Clock) -> None:
        """`kind`: letters alone, other ones than those of all other kinds; it begins the keys in the table."""
        self._database = database
        self._insert = _insert_of(database)
        self._prefix = f"{kind}:"
        self._life = life
        self._clock = clock

    async def get(self, key: str) -> str | None:
        """None where there is none, or none any more."""
        query = select(notes.c.value).where(*self._living(key))
        return await self._database.read(lambda connection: connection.scalar(query))

    async def put(self, key: str, value: str) -> None:
        """Over what was there, and for a whole `life` again."""
        new = {"value": value, "expires_at": self._clock.now() + self._life}
        statement = self._insert(notes).values(key=self._prefix + key, **new)
        put = statement.on_conflict_do_update(index_elements=["key"], set_=new)
        await self._database.write(lambda connection: connection.execute(put))

    async def take(self, key: str) -> str | None:
        """Give the text and forget it, in one: of two who take the same, one gets None."""
        taken = delete(notes).where(*self._living(key)).returning(notes.c.value)
        return await self._database.write(lambda connection: connection.scalar(taken))

    async def drop(self, key: str) -> None:
        removal = delete(notes).where(notes.c.key == self._prefix + key)
        await self._database.write(lambda connection: connection.execute(removal))

    async def all(self) -> dict[str, str]:
        """Every text by its key."""
        living = select(notes.c.key, notes.c.value).where(self._of_this_kind(), notes.c.expires_at > self._clock.now())
        found = await self._database.read(lambda connection: _texts(connection, living))
        return {key.removeprefix(self._prefix): value for key, value in found.items()}

    async def drop_expired(self) -> int:
        """Forget those whose life is over; gives their number."""
        # Those without a time were written by a version that did not know of it.
        expired = notes.c.expires_at.is_(None) | (notes.c.expires_at <= self._clock.now())
        removal = delete(notes).where(self._of_this_kind(), expired)
        return await self._database.write(lambda connection: connection.execute(removal).rowcount)

    def _living(self, key: str) -> tuple[ColumnElement[bool], ...]:
        return notes.c.key == self._prefix + key, notes.c.expires_at > self._clock.now()

    def _of_this_kind(self) -> ColumnElement[bool]:
        return notes.c.key.startswith(self._prefix, autoescape=True)


def _insert_of(database: Database) -> Any:
    """The database's own INSERT, which says what to do where there is a row already."""
    if database.is_sqlite:
        from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415  # each process needs one of them

        return insert
    from sqlalchemy.dialects.postgresql import insert as postgres_insert  # noqa: PLC0415  # as above

    return postgres_insert


def _texts(connection: Connection, query: Select[tuple[str, str]]) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(query)}
