"""Lending connections, each for one transaction: whoever is broken off meanwhile costs none, and all of them come back.

The drivers and the pool lose a connection in three ways, which all end here: its opening or its giving back is
cancelled; it is given back to a pool that was closed meanwhile; on SQLite, its closing is cancelled in its turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

BREAKING_OFF_SECONDS = 2.0
"""How long a question that was broken off may take to end: the server is told, and answers."""


@dataclass(eq=False, slots=True)
class _Transaction:
    """One connection from before its opening to after its return."""

    borrower: asyncio.Task[Any] | None
    over: asyncio.Future[None]
    returning: asyncio.Task[None] | None = None


class Transactions:
    """The connections of one engine, under whatever options."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._open_transactions: set[_Transaction] = set()
        self.closed = False

    @asynccontextmanager
    async def begin(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction of its own. Raises `DatabaseUnavailable` after `close`.

        Statements may be broken off; beginning, committing and giving back go on by themselves, and `close` waits.
        """
        if self.closed:
            raise DatabaseUnavailable("it is closed")
        transaction = _Transaction(asyncio.current_task(), asyncio.get_running_loop().create_future())
        self._open_transactions.add(transaction)
        opening = asyncio.create_task(_open(engine))
        try:
            connection = await asyncio.shield(opening)
        except BaseException:
            self._return(transaction, self._take_back_unused(opening))
            raise
        try:
            yield connection
        except BaseException:
            await asyncio.shield(self._return(transaction, self._take_back(connection, commit=False)))
            raise
        await asyncio.shield(self._return(transaction, self._take_back(connection, commit=True)))

    async def close(self, *, patience_seconds: float) -> None:
        """Lend no more, wait for what is lent, then break off what has not ended, and close every connection.

        Lasts `patience_seconds` and then `BREAKING_OFF_SECONDS` at most. What comes back still later is closed then.
        """
        self.closed = True
        try:
            if await self._all_returned(patience_seconds):
                return
            for transaction in self._lent():
                if transaction.returning is None and transaction.borrower is not None:
                    transaction.borrower.cancel()
            if not await self._all_returned(BREAKING_OFF_SECONDS):
                log.warning("%d questions to the database have not ended", len(self._lent()))
        finally:
            await self._engine.dispose()

    async def _all_returned(self, seconds: float) -> bool:
        if lent := self._lent():
            await asyncio.wait({transaction.over for transaction in lent}, timeout=seconds)
        return not self._lent()

    def _lent(self) -> list[_Transaction]:
        """All but what the closing task itself has and would wait for in vain."""
        closing = asyncio.current_task()
        return [
            transaction
            for transaction in self._open_transactions
            if transaction.returning is not None or transaction.borrower is not closing
        ]

    def _return(self, transaction: _Transaction, act: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        def over(_: object) -> None:
            self._open_transactions.discard(transaction)
            transaction.over.set_result(None)

        transaction.returning = asyncio.create_task(act)
        transaction.returning.add_done_callback(over)
        return transaction.returning

    async def _take_back(self, connection: AsyncConnection, *, commit: bool) -> None:
        try:
            if commit:
                await connection.commit()
        finally:
            if self.closed:  # a pool that is closed keeps what it is given, and nobody closes that
                await connection.invalidate()
            await connection.close()

    async def _take_back_unused(self, opening: asyncio.Task[AsyncConnection]) -> None:
        with suppress(Exception):  # nobody waits for it any more; the next one to connect meets the same and says so
            await self._take_back(await opening, commit=False)


async def _open(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    try:
        await connection.begin()
    except BaseException:
        await connection.close()
        raise
    return connection
