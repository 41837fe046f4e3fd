"""Upgrades from every earlier version, with rows in every table, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet
from sqlalchemy import Connection, MetaData, insert, select, types
from sqlalchemy.engine import URL

from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Job, JobState
from bot.rules.limit_rules import Unit
from bot.store import migrations
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.guild_settings import GuildSettingsTable
from bot.store.jobs import Jobs
from bot.store.rows import row_of
from bot.store.tables import guild_settings, jobs, metadata, notes
from bot.store.upgrade import NEWEST, alembic_config, migrate
from tests.adapters.databases import empty_url
from tests.adapters.test_store_tallies import counted_again, kept
from tests.clock import ManualClock
from tests.jobs import GUILD, a_job, a_reply

__all__ = ["empty_url"]

KEYS = Keys([Fernet.generate_key().decode()])
OLD = a_job(reply=a_reply(ephemeral=True))
RENAMED = {"houses": "guild_settings"}
_SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))
EARLIER = [script.revision for script in _SCRIPTS.walk_revisions()][1:]


def _value(kind: types.TypeEngine[Any], length: int | None = None) -> Any:
    """Something of that type; the same wherever it is asked, so that keys and references agree."""
    match kind:
        case types.Boolean():
            return False
        case types.DateTime():
            return datetime(2026, 1, 1, tzinfo=UTC)
        case types.Integer() | types.Float() | types.Numeric():
            return 1
        case types.LargeBinary():
            return b"x"
    return "x"[:length]


def _fill(connection: Connection) -> dict[str, int]:
    """A row in every table that there is; gives their numbers by table."""
    found = MetaData()
    found.reflect(connection)
    known: dict[str, dict[str, Any]] = {
        # Before 0006 the reply's text alone says which message it is; before 0010 a unit of cost was 5 cents.
        "jobs": row_of(OLD, KEYS) | {"reply": OLD.reply.model_dump_json(exclude={"token"}), "cost": OLD.cost * 20},
        "notes": {"key": "import:1:2", "value": "{}"},
        "houses": {"guild_id": GUILD, "version": 1, "document": GuildSettings(version=1).model_dump_json()},
    }
    counts = {}
    for table in found.sorted_tables:
        if table.name.startswith("procrastinate_") or table.name in {"alembic_version", "tallies"}:
            continue
        facts = known.get(table.name, {})
        row = {
            column.name: facts[column.name] if column.name in facts else _value(column.type)
            for column in table.columns
            if column.name in facts or (not column.nullable and column.server_default is None)
        }
        connection.execute(insert(table).values(row))
        counts[table.name] = len(connection.execute(select(table)).all())
    return counts


@pytest.mark.asyncio
@pytest.mark.parametrize("revision", EARLIER)
async def test_an_upgrade_from_an_earlier_version_keeps_every_row(empty_url: URL, revision: str) -> None:
    clock = ManualClock(auto=True)
    database = Database(empty_url, clock=clock, enforce_foreign_keys=False)

    def fill_earlier(connection: Connection) -> dict[str, int]:
        command.upgrade(alembic_config(connection), revision)
        return _fill(connection)

    before = await database.write(fill_earlier)
    await database.close()
    assert "jobs" in before

    await migrate(empty_url, clock=clock)

    database = Database(empty_url, clock=clock)

    def look(connection: Connection) -> None:
        for name, rows in before.items():
            table = metadata.tables[RENAMED.get(name, name)]
            assert len(connection.execute(select(table.c[0])).all()) >= rows, name
        if database.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert kept(connection) == counted_again(connection.execute(select(jobs)).mappings())
        assert connection.scalar(select(jobs.c.last_edit_due_at)) == OLD.reply.last_edit_at
        if revision < "0007":  # from then on whoever writes it says when it expires
            assert connection.scalar(select(notes.c.expires_at).where(notes.c.key == "import:1:2")) is not None

    await database.read(look)
    assert (await Jobs(database, keys=KEYS, clock=clock).get(OLD.id)) == OLD
    if "houses" in before:
        assert (await GuildSettingsTable(database, clock=clock).get(GUILD)).version == 1
    await database.close()


@pytest.mark.asyncio
async def test_an_upgrade_makes_dollars_of_the_units_that_servers_limits_counted(empty_url: URL) -> None:
    clock = ManualClock(auto=True)
    database = Database(empty_url, clock=clock)
    rules = [
        {"scope": "everyone", "target_id": None, "amount": 50, "unit": "cost", "window": "week"},
        {"scope": "everyone", "target_id": None, "amount": 3, "unit": "jobs", "window": "day"},
    ]
    documents = {1: json.dumps({"version": 4, "limits": {"rules": rules}}), 2: "not JSON", 3: '{"version": 1}'}

    def fill(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "0009")
        for guild_id, document in documents.items():
            row = {"guild_id": guild_id, "version": 1, "document": document, "changed_at": clock.now()}
            connection.execute(insert(guild_settings).values(row))

    await database.write(fill)
    await migrate(empty_url, clock=clock)
    saved = await GuildSettingsTable(database, clock=clock).get(1)
    assert [(rule.amount, rule.unit) for rule in saved.limits.rules] == [(2.5, Unit.COST), (3, Unit.JOBS)]
    rest = select(guild_settings.c.document).where(guild_settings.c.guild_id > 1).order_by(guild_settings.c.guild_id)
    assert await database.read(lambda connection: list(connection.scalars(rest))) == [documents[2], documents[3]]
    await database.close()


@pytest.mark.asyncio
async def test_an_upgrade_gives_each_meaning_of_waiting_its_own_column(empty_url: URL) -> None:
    clock = ManualClock(auto=True)
    meanings = {
        "held": a_job(state=JobState.ACCEPTED, held=True),
        "forgotten": a_job(state=JobState.DELIVERED, forgotten=True),
        "token_expired": a_job(state=JobState.COMPLETED, undeliverable="token_expired"),
    }
    database = Database(empty_url, clock=clock, enforce_foreign_keys=False)

    def fill_earlier(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "0006")
        _insert_waiting(connection, meanings)

    await database.write(fill_earlier)
    await database.close()

    await migrate(empty_url, clock=clock)

    database = Database(empty_url, clock=clock)
    jobs = Jobs(database, keys=KEYS, clock=clock)
    for job in meanings.values():
        assert await jobs.get(job.id) == job.model_copy(update={"has_next_step": False})
    await database.close()


def _insert_waiting(connection: Connection, meanings: dict[str, Job]) -> None:
    found = MetaData()
    found.reflect(connection, only=["jobs"])
    table = found.tables["jobs"]
    for waiting, job in meanings.items():
        row = row_of(job, KEYS) | {"waiting": waiting, "reply": job.reply.model_dump_json(exclude={"token"}), "cost": 4}
        connection.execute(insert(table).values({name: row[name] for name in table.c.keys() if name in row}))  # noqa: SIM118


@pytest.mark.asyncio
async def test_the_migrations_lead_to_the_tables_that_the_code_describes(empty_url: URL) -> None:
    clock = ManualClock(auto=True)
    await migrate(empty_url, clock=clock)
    database = Database(empty_url, clock=clock)

    def differences(connection: Connection) -> list[Any]:
        def ours(name: str | None, kind: str, _: object) -> bool:
            return kind != "table" or not (name or "").startswith("procrastinate_")

        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": ours})
        return list(compare_metadata(context, metadata))

    assert await database.read(differences) == []
    await database.close()


def test_there_is_one_newest_migration_which_the_code_knows_without_looking() -> None:
    assert _SCRIPTS.get_heads() == [NEWEST]
