"""Whoever looks after the houses: reads and saves what servers' admins set, and tells others what was changed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import AdminsOnly, HouseChanged
from bot.rules.house import House
from bot.rules.house_file import Change, diff
from bot.rules.job import Requester
from bot.store.houses import Houses

log = logging.getLogger(__name__)

_REWORK_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseAmended:
    """An admin has saved a change: for the audit channel, and for whatever stands on the settings."""

    guild_id: int
    by: Requester
    before: House
    after: House

    @property
    def changes(self) -> tuple[Change, ...]:
        return diff(self.before, self.after)


Listener = Callable[[HouseAmended], Awaitable[None]]


class HouseKeeper:
    """The one door to servers' settings. Every method may raise `DatabaseUnavailable` and `RowUnreadable`."""

    def __init__(self, houses: Houses) -> None:
        self._houses = houses
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have `listener` called after every saved change. What it raises is logged: the change stands."""
        self._listeners.append(listener)

    async def house(self, guild_id: int) -> House:
        """What the server's admins have set; the usual settings where they never have."""
        return await self._houses.get(guild_id)

    async def inspect(self, guild_id: int, by: Requester) -> House:
        """The same for those alone who may change it. Raises `AdminsOnly`."""
        check_admin(guild_id, by)
        return await self._houses.get(guild_id)

    async def amend(self, guild_id: int, by: Requester, expected_version: int, **changes: object) -> House:
        """Save the fields of `House` that `changes` names, and give the new settings.

        Raises `AdminsOnly`, `HouseInvalid`, and `HouseChanged` where `expected_version` is not the newest any more.
        """
        check_admin(guild_id, by)
        before = await self._houses.get(guild_id)
        if before.version != expected_version:
            raise HouseChanged
        return await self._save(guild_id, by, before, before.amended(**changes))

    async def replace(
        self, guild_id: int, by: Requester, before: House, after: House, expected_version: int | None = None
    ) -> House:
        """Save a whole document made from `before`, such as `house_file.read` gives; raises as `amend`."""
        check_admin(guild_id, by)
        if expected_version is not None and before.version != expected_version:
            raise HouseChanged
        return await self._save(guild_id, by, before, after)

    async def rework(self, guild_id: int, by: Requester, change: Callable[[House], dict[str, object]]) -> House:
        """Save what `change` makes of the newest settings, and of newer ones if another admin was quicker.

        For one addition or removal, which means the same whatever else was changed. Raises what `change` raises, and
        as `amend`.
        """
        check_admin(guild_id, by)
        for _ in range(_REWORK_TRIES):
            before = await self._houses.get(guild_id)
            try:
                return await self._save(guild_id, by, before, before.amended(**change(before)))
            except HouseChanged:
                continue
        raise HouseChanged

    async def _save(self, guild_id: int, by: Requester, before: House, after: House) -> House:
        await self._houses.replace(guild_id, after, expected_version=before.version)
        log.info("server %s: %s saved version %d of the settings", guild_id, by.user_id, after.version)
        event = HouseAmended(guild_id=guild_id, by=by, before=before, after=after)
        for listener in self._listeners:
            try:
                await listener(event)
            except Exception:
                log.exception("a change of server %s's settings was saved, but not everybody took note", guild_id)
        return after


def check_admin(guild_id: int, by: Requester) -> None:
    """Raise `AdminsOnly` unless they may manage this very server."""
    if not by.admin or by.guild_id != guild_id:
        raise AdminsOnly
