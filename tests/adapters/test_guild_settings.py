"""Servers' settings in the database, and the keeper who alone may change them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from bot.errors import AdminsOnly, GuildSettingsInvalid, GuildSettingsOutdated, NothingToUndo, RowUnreadable
from bot.ops.metrics import Metrics
from bot.rules.catalog import Operation
from bot.rules.clock import Clock, SystemClock
from bot.rules.guild_settings import Access, GuildSettings
from bot.rules.guild_settings_file import IMPORT_LIFE
from bot.rules.limit_rules import LimitBook, Scope, Window, make_rule
from bot.rules.prompts import WordAction, make_word_rule
from bot.store import tables
from bot.store.database import Database
from bot.store.guild_settings import GuildSettingsTable
from bot.store.notes import Notes, TemporaryNotes
from bot.store.upgrade import migrate
from bot.work.guilds.settings import UNDO_LIFE, Guilds, GuildSettingsChanged
from bot.work.periodic import PeriodicTasks
from tests.adapters.databases import database, drop_schema, empty_url, execute, new_schema
from tests.clock import ManualClock
from tests.jobs import GRACE, GUILD, a_member

__all__ = ["database", "empty_url"]

ADMIN = a_member(GRACE, name="Grace", admin=True)


@pytest.fixture
def guilds(database: Database) -> GuildSettingsTable:
    return GuildSettingsTable(database, clock=ManualClock(auto=True))


@pytest.fixture
def keeper(guilds: GuildSettingsTable, database: Database) -> Guilds:
    return a_keeper(guilds, database, ManualClock(auto=True))


def a_keeper(table: GuildSettingsTable, database: Database, clock: Clock, *, shared: bool = False) -> Guilds:
    imports = TemporaryNotes(database, kind="import", life=IMPORT_LIFE, clock=clock)
    undos = TemporaryNotes(database, kind="undo", life=UNDO_LIFE, clock=clock)
    return Guilds(table, Notes(database), imports=imports, undos=undos, clock=clock, shared=shared)


@pytest.mark.asyncio
async def test_the_last_change_can_be_undone_while_it_is_the_last(
    database: Database, guilds: GuildSettingsTable
) -> None:
    clock = ManualClock()
    keeper, other = a_keeper(guilds, database, clock), a_member(admin=True)
    before = await keeper.amend(GUILD, ADMIN, 0, limits=with_rule(5), private_by_default=True)
    await keeper.amend(GUILD, ADMIN, 1, limits=LimitBook(), private_by_default=False)
    for by, version in ((other, 2), (ADMIN, 1), (ADMIN, 3)):
        with pytest.raises(NothingToUndo):
            await keeper.undo(GUILD, by, version)
    with pytest.raises(AdminsOnly):
        await keeper.undo(GUILD, a_member(), 2)
    undone = await keeper.undo(GUILD, ADMIN, 2)
    assert undone == before.model_copy(update={"version": 3}), "all of it, as one new version"
    assert (await keeper.undo(GUILD, ADMIN, 3)).limits == LimitBook(), "and that can be undone as well"
    await keeper.amend(GUILD, other, 4, private_by_default=True)
    with pytest.raises(NothingToUndo):
        await keeper.undo(GUILD, ADMIN, 5)
    await clock.advance(UNDO_LIFE.total_seconds())
    with pytest.raises(NothingToUndo):
        await keeper.undo(GUILD, other, 5)


@pytest.mark.asyncio
async def test_an_import_that_is_never_applied_is_forgotten(database: Database, guilds: GuildSettingsTable) -> None:
    clock = ManualClock()
    imports = TemporaryNotes(database, kind="import", life=IMPORT_LIFE, clock=clock)
    keeper, admin = a_keeper(guilds, database, clock), a_member(admin=True)
    await keeper.keep_import(GUILD, admin, "a file")
    assert await keeper.kept_import(GUILD, admin) == "a file"
    await clock.advance(IMPORT_LIFE.total_seconds())
    assert await keeper.kept_import(GUILD, admin) == ""
    assert await imports.drop_expired() == 1


@pytest.mark.postgres
@pytest.mark.asyncio
async def test_what_one_process_saves_the_others_know_at_once() -> None:
    url, name = await new_schema()
    await migrate(url, clock=SystemClock())
    database = Database(url, clock=SystemClock(), pool_size=4)

    def process() -> Guilds:
        clock = SystemClock()
        return a_keeper(GuildSettingsTable(database, clock=clock), database, clock, shared=True)

    here, there = process(), process()
    listening = PeriodicTasks(there.tasks, clock=SystemClock(), metrics=Metrics())
    listening.start()
    await here.refresh()
    saved = await here.amend(GUILD, ADMIN, 0, private_by_default=True)
    async with asyncio.timeout(60):
        while there.known(GUILD) != saved:
            await asyncio.sleep(0.01)
    await listening.close()
    await database.close()
    await drop_schema(name)


def with_rule(amount: int, window: Window = Window.HOUR) -> LimitBook:
    return GuildSettings().limits.with_rule(make_rule(Scope.EVERYONE, amount, window))


@pytest.mark.asyncio
async def test_a_server_that_has_set_nothing_has_the_usual_settings(guilds: GuildSettingsTable) -> None:
    assert await guilds.get(GUILD) == GuildSettings()


@pytest.mark.asyncio
async def test_settings_come_back_as_they_went_in(guilds: GuildSettingsTable) -> None:
    guild_settings = GuildSettings().amended(
        limits=with_rule(5),
        access={"all": Access(role_ids=frozenset({1, 2})), Operation("t2v"): Access(channel_ids=frozenset({3}))},
        word_rules=(make_word_rule("gun*", WordAction.HOLD, note="no 🔫"),),
        mod_channel_id=9,
        models_offered=frozenset({"lucy-pro-t2v"}),
    )
    await guilds.replace(GUILD, guild_settings, expected_version=0)
    assert await guilds.get(GUILD) == guild_settings
    assert await guilds.get(GUILD + 1) == GuildSettings()


@pytest.mark.asyncio
async def test_of_two_admins_who_looked_at_the_same_settings_one_is_told_to_look_again(keeper: Guilds) -> None:
    async def set_hourly(amount: int, version: int) -> bool:
        try:
            await keeper.amend(GUILD, ADMIN, version, limits=with_rule(amount))
        except GuildSettingsOutdated:
            return False
        return True

    for version in (0, 1):  # the first save of all, and a later one
        saved = await asyncio.gather(*(set_hourly(amount, version) for amount in range(5)))
        assert saved.count(True) == 1
        assert (await keeper.settings(GUILD)).version == version + 1
        assert (await keeper.settings(GUILD)).limits == with_rule(saved.index(True))


@pytest.mark.asyncio
async def test_single_changes_of_many_admins_at_once_all_stand(keeper: Guilds) -> None:
    windows = [Window.MINUTE, Window.HOUR, Window.WEEK, Window.MONTH]

    async def add(window: Window) -> None:
        rule = make_rule(Scope.SERVER, 7, window)
        await keeper.rework(GUILD, ADMIN, lambda guild_settings: {"limits": guild_settings.limits.with_rule(rule)})

    await asyncio.gather(*map(add, windows))
    guild_settings = await keeper.settings(GUILD)
    assert guild_settings.version == len(windows)
    assert {rule.window for rule in guild_settings.limits.rules if rule.amount == 7} == set(windows)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "by",
    [
        a_member(GRACE),
        a_member(GRACE, moderator=True, server_moderator=True),
        a_member(GRACE, admin=True, guild_id=GUILD + 1),
        a_member(GRACE, admin=True, guild_id=None),
    ],
)
async def test_only_the_servers_own_admins_may_change_anything(keeper: Guilds, by: object) -> None:
    with pytest.raises(AdminsOnly):
        await keeper.amend(GUILD, by, 0, private_by_default=True)  # type: ignore[arg-type]  # parametrised
    with pytest.raises(AdminsOnly):
        await keeper.replace(GUILD, by, GuildSettings(), GuildSettings(version=1))  # type: ignore[arg-type]  # parametrised
    with pytest.raises(AdminsOnly):
        await keeper.rework(GUILD, by, lambda _: {})  # type: ignore[arg-type]  # parametrised
    assert await keeper.settings(GUILD) == GuildSettings()


@pytest.mark.asyncio
async def test_what_can_not_be_is_not_saved(keeper: Guilds) -> None:
    with pytest.raises(GuildSettingsInvalid):
        await keeper.amend(GUILD, ADMIN, 0, private_by_default="perhaps")
    assert (await keeper.settings(GUILD)).version == 0


@pytest.mark.asyncio
async def test_listeners_hear_of_a_change_and_can_not_undo_it(keeper: Guilds) -> None:
    heard: list[GuildSettingsChanged] = []

    async def fail(_: GuildSettingsChanged) -> None:
        raise OSError("the audit channel is gone")

    async def hear(event: GuildSettingsChanged) -> None:
        heard.append(event)

    keeper.listen(fail)
    keeper.listen(hear)
    await keeper.amend(GUILD, ADMIN, 0, private_by_default=True)
    [event] = heard
    assert (event.guild_id, event.by) == (GUILD, ADMIN)
    assert [(change.key, change.before, change.after) for change in event.changes] == [
        ("private_by_default", False, True)
    ]
    assert (await keeper.settings(GUILD)).private_by_default


@pytest.mark.asyncio
async def test_settings_that_can_not_be_read_are_not_taken_for_none(
    guilds: GuildSettingsTable, database: Database
) -> None:
    await guilds.replace(GUILD, GuildSettings().amended(), expected_version=0)
    await execute(database, update(tables.guild_settings).values(document='{"limits": {"rules": 5}}'))
    with pytest.raises(RowUnreadable, match=str(GUILD)):
        await guilds.get(GUILD)
