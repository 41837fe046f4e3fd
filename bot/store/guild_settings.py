"""The servers' settings, one document each. Who saves names the version that they looked at; the other one wins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.errors import GuildSettingsOutdated, RowUnreadable
from bot.rules.clock import Clock
from bot.rules.guild_settings import GuildSettings
from bot.store.database import Database
from bot.store.notifications import listen, notify
from bot.store.tables import guild_settings as table

log = logging.getLogger(__name__)


CHANGED = "clapper_guild_settings"
"""The channel on which PostgreSQL tells the other processes that a server's settings were saved."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A server's row; `document` is not read yet (`read_document`)."""

    guild_id: int
    changed_at: datetime
    document: str


class GuildSettingsTable:
    """All that is asked of the table. Every method may raise `DatabaseUnavailable` and `RowUnreadable`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, guild_id: int) -> GuildSettings:
        """What the guild's admins have set; `GuildSettings()` where they never have."""
        return await self._database.read(lambda connection: guild_settings_in(connection, guild_id))

    async def changed_since(self, moment: datetime | None) -> list[Saved]:
        """What was saved since then, by any process; None: every server that has set something."""
        query = select(table.c.guild_id, table.c.changed_at, table.c.document)
        if moment is not None:
            query = query.where(table.c.changed_at >= moment)
        return await self._database.read(lambda connection: [Saved(*row) for row in connection.execute(query)])

    async def listen(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever another process has saved something, until this raises `DatabaseUnavailable`."""
        await listen(self._database, (CHANGED,), lambda *_: changed(), begun=changed)

    async def replace(self, guild_id: int, guild_settings: GuildSettings, *, expected_version: int) -> None:
        """Save the settings in place of `expected_version` (0: there are none yet).

        Raises `GuildSettingsOutdated` where others were saved meanwhile; then nothing was written.
        """
        if guild_settings.version <= expected_version:
            raise ValueError(f"version {guild_settings.version} does not follow on {expected_version}")
        values = {
            "version": guild_settings.version,
            "document": _written(guild_settings),
            "changed_at": self._clock.now(),
        }

        def unit(connection: Connection) -> None:
            if expected_version == 0:
                connection.execute(insert(table).values(guild_id=guild_id, **values))
            else:
                same = (table.c.guild_id == guild_id, table.c.version == expected_version)
                if connection.execute(update(table).where(*same).values(values)).rowcount == 0:
                    raise GuildSettingsOutdated
            notify(connection, CHANGED, str(guild_id))

        try:
            await self._database.write(unit)
        except IntegrityError as exc:  # two admins saved the server's first settings at once
            raise GuildSettingsOutdated from exc


def guild_settings_in(connection: Connection, guild_id: int) -> GuildSettings:
    """As `GuildSettingsTable.get`, in a transaction that is open already."""
    found = all_guild_settings_in(connection, [guild_id])
    return found[guild_id]


def all_guild_settings_in(connection: Connection, guild_ids: Collection[int]) -> dict[int, GuildSettings]:
    """Those of several guilds; `GuildSettings()` for those that have set nothing."""
    query = select(table.c.guild_id, table.c.document).where(table.c.guild_id.in_(guild_ids))
    rows = connection.execute(query).all()
    return {guild_id: GuildSettings() for guild_id in guild_ids} | {
        guild_id: read_document(guild_id, text) for guild_id, text in rows
    }


def _written(guild_settings: GuildSettings) -> str:
    return guild_settings.model_dump_json()


def read_document(guild_id: int, document: str) -> GuildSettings:
    """The settings in a row's text. Raises `RowUnreadable`."""
    try:
        return GuildSettings.model_validate_json(document)
    except ValidationError as exc:
        # `GuildSettings()` instead would drop limits and blocks unseen.
        raise RowUnreadable(f"the settings of server {guild_id} ({exc.error_count()} errors)") from None
