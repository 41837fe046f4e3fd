"""What servers' admins have set: kept in memory, saved, and others told of each change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import (
    AdminsOnly,
    DatabaseUnavailable,
    GuildSettingsOutdated,
    ModeratorsOnly,
    NothingToUndo,
    RowUnreadable,
)
from bot.rules.clock import Clock
from bot.rules.guild_settings import GuildSettings
from bot.rules.guild_settings_file import Change, diff
from bot.rules.jobs import Requester
from bot.rules.limit_rules import Block
from bot.store.guild_settings import GuildSettingsTable, read_document
from bot.store.notes import Notes, TemporaryNotes
from bot.work.periodic import PeriodicTask

log = logging.getLogger(__name__)

_REWORK_TRIES = 5

UNDO_LIFE = timedelta(hours=1)
"""How long an admin's last change can be undone, where nobody has changed anything since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettingsChanged:
    """An admin has saved a change: for the audit channel, and for whatever stands on the settings."""

    guild_id: int
    by: Requester
    before: GuildSettings
    after: GuildSettings

    @property
    def changes(self) -> tuple[Change, ...]:
        return diff(self.before, self.after)


Listener = Callable[[GuildSettingsChanged], Awaitable[None]]


FRESH_FOR = timedelta(seconds=30)
"""How old what a process remembers may be where other processes write, too."""
LISTEN_PAUSE = timedelta(seconds=1)
"""Between the loss of the connection that hears of other processes' changes and the next one."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the clocks of two machines may differ: changes are looked for from so much earlier on."""


class Guilds:
    """Servers' settings, kept in memory: `known` and `settings` cost no transaction.

    Every other method may raise `DatabaseUnavailable` and `RowUnreadable`.
    """

    def __init__(
        self,
        table: GuildSettingsTable,
        notes: Notes,
        *,
        imports: TemporaryNotes,
        undos: TemporaryNotes,
        clock: Clock,
        shared: bool = False,
    ) -> None:
        """`shared`: other processes save settings as well, so that `tasks` have to be done periodically; `settings`
        reads what is new itself where that did not happen for `FRESH_FOR`."""
        self._table = table
        self._notes = notes
        self._imports = imports
        self._undos = undos
        self._clock = clock
        self._shared = shared
        self._documents: dict[int, str] = {}
        self._parsed: dict[int, GuildSettings] = {}
        self._newest: datetime | None = None
        self._fresh_at: float | None = None
        self._refreshing = asyncio.Lock()
        self._listeners: list[Listener] = []
        self.tasks: tuple[PeriodicTask, ...] = ()
        if shared:
            refresh = PeriodicTask("guild_settings", self.refresh, every=FRESH_FOR / 2)
            listen = PeriodicTask("guild_settings_listen", lambda: table.listen(refresh.wake), every=LISTEN_PAUSE)
            self.tasks = (refresh, listen)

    def listen(self, listener: Listener) -> None:
        """Have `listener` called after every saved change. What it raises is logged: the change stands."""
        self._listeners.append(listener)

    async def refresh(self) -> None:
        """Read what was saved since the last time; the first time, everything."""
        async with self._refreshing:
            began = self._clock.monotonic()
            since = None if self._newest is None else self._newest - _CLOCKS_DIFFER
            for saved in await self._table.changed_since(since):
                if self._documents.get(saved.guild_id) != saved.document:
                    self._documents[saved.guild_id] = saved.document
                    self._parsed.pop(saved.guild_id, None)
                self._newest = max(saved.changed_at, self._newest or saved.changed_at)
            self._fresh_at = began

    def known(self, guild_id: int) -> GuildSettings:
        """What the server's admins have set, as this process knows it; the usual settings where they never have.

        Raises `RowUnreadable`.
        """
        parsed = self._parsed.get(guild_id)
        if parsed is None:
            document = self._documents.get(guild_id)
            parsed = GuildSettings() if document is None else read_document(guild_id, document)
            self._parsed[guild_id] = parsed
        return parsed

    def language(self, guild_id: int | None) -> str | None:
        """The language that the server's admins have chosen, as this process knows it; None where they have not."""
        if guild_id is None:
            return None
        try:
            return self.known(guild_id).language
        except RowUnreadable:  # told where its rules are needed; in which language is no reason to say nothing
            return None

    async def settings(self, guild_id: int) -> GuildSettings:
        """As `known`, and never older than `FRESH_FOR`: reads what is new where it may be. Raises as the class says."""
        if not self._is_fresh():
            await self.refresh()
        return self.known(guild_id)

    def _is_fresh(self) -> bool:
        if self._fresh_at is None:
            return False
        return not self._shared or self._clock.monotonic() - self._fresh_at < FRESH_FOR.total_seconds()

    async def inspect(self, guild_id: int, by: Requester) -> GuildSettings:
        """The same for those alone who may change it. Raises `AdminsOnly`."""
        check_admin(guild_id, by)
        return await self._table.get(guild_id)

    async def amend(self, guild_id: int, by: Requester, expected_version: int, **changes: object) -> GuildSettings:
        """Save the fields that `changes` names, and return the new settings.

        Raises `AdminsOnly`, `GuildSettingsInvalid`, or `GuildSettingsOutdated` if `expected_version` is not the newest.
        """
        check_admin(guild_id, by)
        before = await self._table.get(guild_id)
        if before.version != expected_version:
            raise GuildSettingsOutdated
        return await self._save(guild_id, by, before, before.amended(**changes))

    async def replace(
        self,
        guild_id: int,
        by: Requester,
        before: GuildSettings,
        after: GuildSettings,
        expected_version: int | None = None,
    ) -> GuildSettings:
        """Save a whole document made from `before`, as `import_settings` returns it. Raises as `amend` does."""
        check_admin(guild_id, by)
        if expected_version is not None and before.version != expected_version:
            raise GuildSettingsOutdated
        return await self._save(guild_id, by, before, after)

    async def rework(
        self, guild_id: int, by: Requester, change: Callable[[GuildSettings], dict[str, object]]
    ) -> GuildSettings:
        """Save what `change` makes of the newest settings, and of newer ones if another admin was quicker.

        For one addition or removal, which means the same whatever else was changed. Raises what `change` raises, and
        as `amend`.
        """
        check_admin(guild_id, by)
        return await self._rework(guild_id, by, change)

    async def block(self, guild_id: int, by: Requester, block: Block) -> GuildSettings:
        """Let a member make nothing for a while, as moderators may decide. Raises `ModeratorsOnly`, and as `rework`."""
        check_moderator(guild_id, by)
        now = self._clock.now()
        return await self._rework(guild_id, by, lambda known: {"limits": known.limits.with_block(block, now)})

    async def undo(self, guild_id: int, by: Requester, expected_version: int) -> GuildSettings:
        """Save again what the settings were before this admin's last change, which made them `expected_version`.

        Raises `AdminsOnly`, and `NothingToUndo` where anything was changed since, or `UNDO_LIFE` is over.
        """
        check_admin(guild_id, by)
        kept = await self._undos.get(_key(guild_id, by)) or ""
        now = await self._table.get(guild_id)
        version, _, document = kept.partition(" ")
        if not version == str(now.version) == str(expected_version):
            raise NothingToUndo
        try:
            earlier = read_document(guild_id, document)
        except RowUnreadable:  # another version of Clapper kept it
            raise NothingToUndo from None
        fields = {name: getattr(earlier, name) for name in GuildSettings.model_fields if name != "version"}
        return await self._save(guild_id, by, now, now.amended(**fields))

    async def _rework(
        self, guild_id: int, by: Requester, change: Callable[[GuildSettings], dict[str, object]]
    ) -> GuildSettings:
        for _ in range(_REWORK_TRIES):
            before = await self._table.get(guild_id)
            try:
                return await self._save(guild_id, by, before, before.amended(**change(before)))
            except GuildSettingsOutdated:
                continue
        raise GuildSettingsOutdated

    async def is_first_join(self, guild_id: int) -> bool:
        """Whether the server has not been welcomed yet; from now on it has: rather never than twice."""
        return await self._notes.add(f"welcomed:{guild_id}", "yes")

    async def keep_import(self, guild_id: int, by: Requester, text: str) -> None:
        """Keep the file that an admin was shown the changes of, instead of an earlier one of theirs, for an hour."""
        await self._imports.put(_key(guild_id, by), text)

    async def kept_import(self, guild_id: int, by: Requester) -> str:
        """That file's text; "" where there is none (any more)."""
        return await self._imports.get(_key(guild_id, by)) or ""

    async def drop_import(self, guild_id: int, by: Requester) -> None:
        await self._imports.drop(_key(guild_id, by))

    async def _save(self, guild_id: int, by: Requester, before: GuildSettings, after: GuildSettings) -> GuildSettings:
        await self._table.replace(guild_id, after, expected_version=before.version)
        self._documents[guild_id] = after.model_dump_json()
        self._parsed[guild_id] = after
        log.info("server %s: %s saved version %d of the settings", guild_id, by.user_id, after.version)
        await self._keep_undo(guild_id, by, before, after)
        event = GuildSettingsChanged(guild_id=guild_id, by=by, before=before, after=after)
        for listener in self._listeners:
            try:
                await listener(event)
            except Exception:
                log.exception("a change of server %s's settings was saved, but not everybody took note", guild_id)
        return after

    async def _keep_undo(self, guild_id: int, by: Requester, before: GuildSettings, after: GuildSettings) -> None:
        try:
            await self._undos.put(_key(guild_id, by), f"{after.version} {before.model_dump_json()}")
        except DatabaseUnavailable as exc:  # the change stands
            log.warning("server %s: version %d can't be undone: %s", guild_id, after.version, exc)


def _key(guild_id: int, by: Requester) -> str:
    return f"{guild_id}:{by.user_id}"


def check_moderator(guild_id: int | None, by: Requester) -> None:
    """Raise `ModeratorsOnly` unless they may manage messages, or more, in this very server."""
    if not (by.server_moderator or by.admin) or by.guild_id is None or by.guild_id != guild_id:
        raise ModeratorsOnly


def check_admin(guild_id: int, by: Requester) -> None:
    """Raise `AdminsOnly` unless they may manage this very server."""
    if not by.admin or by.guild_id != guild_id:
        raise AdminsOnly
