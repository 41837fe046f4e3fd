"""What a start costs, and a job between the typed command and the video in the channel: counted, never timed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from discord import Locale
from discord.app_commands import TranslationContextTypes, locale_str
from sqlalchemy import Connection, event, text

from bot.app import App
from bot.chat.inputs.options import WordingTranslator
from bot.chat.replies import accepting
from bot.store.database import Database
from bot.work.jobs import owned
from sandbox.discord.recording import by_operation
from sandbox.queue_api.faults import Fault
from tests.adapters.databases import held
from tests.adapters.sandbox_material import picture
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage

TRANSACTIONS_MAX = 8
REQUESTS_MAX = 4
PROCESSES_MAX = {"t2v": 0, "animate": 1}
"""A member's picture needs one; what the service made of it needs none."""
FOLDERS_MAX = {"t2v": 1, "animate": 3}
"""For the result; for the input as it comes, and as it goes to the service, which may be in another process."""
EPHEMERAL = 1 << 6
_STARTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty"})


@contextmanager
def transactions(database: Database) -> Iterator[list[str]]:
    """The first statement of each transaction that is begun in the block and asks or writes something."""
    first: list[str] = []
    unused: set[int] = set()
    engine = database.engine

    def begins(connection: Connection) -> None:
        unused.add(id(connection))

    def executes(connection: Connection, _: object, statement: str, *__: object) -> None:
        if id(connection) in unused and not statement.startswith("BEGIN"):
            unused.discard(id(connection))
            first.append(statement.split("\n", maxsplit=1)[0][:60])

    event.listen(engine, "begin", begins)
    event.listen(engine, "before_cursor_execute", executes)
    try:
        yield first
    finally:
        event.remove(engine, "begin", begins)
        event.remove(engine, "before_cursor_execute", executes)


@contextmanager
def acts(root: Path) -> Iterator[tuple[list[str], list[str]]]:
    """The processes that are started from here in the block, and the folders that are made below `root`.

    The stand-ins' own processes are left out.
    """
    started: list[str] = []
    folders: list[str] = []
    counting = True

    def hears(event: str, arguments: tuple[object, ...]) -> None:
        if not counting or event not in _STARTS | {"tempfile.mkdtemp"}:
            return
        told = f"{event} {arguments}"
        if event in _STARTS and "tests.fork_server" not in told:
            started.append(told)
        elif str(root) in told:
            folders.append(told)

    sys.addaudithook(hears)  # there is no way to take it off again
    try:
        yield started, folders
    finally:
        counting = False


async def quiet(app: App) -> None:
    """End what a process does by itself from time to time, so that only the job is counted."""
    await app.parts.periodic.close()
    await app.parts.database.write(lambda connection: connection.execute(text("SELECT 1")))  # after what was begun


SEND_COMMANDS = "PUT /applications/{application_id}/commands"


@pytest.mark.asyncio
async def test_a_start_asks_for_each_text_once_in_each_language_and_sends_commands_only_where_they_changed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[locale_str, Locale]] = []
    translate = WordingTranslator.translate

    async def note(
        self: WordingTranslator, string: locale_str, locale: Locale, context: TranslationContextTypes
    ) -> str | None:
        asked.append((string, locale))
        return await translate(self, string, locale, context)

    monkeypatch.setattr(WordingTranslator, "translate", note)
    for sent in (1, 0):
        asked.clear()
        before = stage.discord.record.total
        async with stage.clapper():
            texts = Counter((id(string), locale) for string, locale in asked)
            assert set(texts.values()) == {1}
            assert by_operation(stage.discord.record.since(before)).get(SEND_COMMANDS, 0) == sent


@pytest.mark.asyncio
@pytest.mark.parametrize("command", ["t2v", "animate"])
async def test_a_job_costs_at_most_eight_transactions_and_four_requests_and_no_needless_process(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(owned, "_STOPPED_SECONDS", PATIENCE_SECONDS)  # a busy machine is no stopped process
    files = {} if command == "t2v" else {"image": ("cat.png", picture(320, 200))}
    async with stage.clapper() as app:
        await quiet(app)
        before = stage.discord.record.total
        with transactions(app.parts.database) as begun, acts(stage.folder) as (started, folders):
            await stage.see_through(
                await stage.discord.member("Ada").slash("general", command, files=files, prompt="a cat")
            )
            await stage.settled(app)
        assert len(begun) <= TRANSACTIONS_MAX, begun
        assert len(started) <= PROCESSES_MAX[command], started
        assert len(folders) <= FOLDERS_MAX[command], folders
        sent = by_operation(stage.discord.record.since(before))
        assert sum(sent.values()) <= REQUESTS_MAX, sent


@pytest.mark.asyncio
async def test_in_a_crowd_members_are_answered_before_their_rows_are_written_and_a_job_costs_four_requests(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "CARDS_AT_ONCE", 0)
    async with stage.clapper() as app:
        await quiet(app)
        before = stage.discord.record.total
        async with held(app.parts.database):
            asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat")
            await stage.discord.core.bus.until(lambda: asked.message_id, PATIENCE_SECONDS, "thinking")
        reply = await stage.see_through(asked)
        await stage.settled(app)
        assert not reply["flags"] & EPHEMERAL
        sent = by_operation(stage.discord.record.since(before))
        assert sum(sent.values()) <= REQUESTS_MAX, sent


@pytest.mark.asyncio
async def test_in_a_crowd_the_card_comes_before_a_submit_that_takes_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "CARDS_AT_ONCE", 0)
    monkeypatch.setattr(accepting, "FIRST_CARD_SECONDS", 0.0)
    async with stage.clapper():
        stage.queue.faults.add(Fault(on="submit", kind="stall", taken=True))
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat")
        await stage.see(asked, "accepted")


@pytest.mark.asyncio
async def test_what_memory_forbids_costs_no_transaction_and_one_private_answer(stage: Stage) -> None:
    async with stage.clapper() as app:
        await quiet(app)
        before = stage.discord.record.total
        with transactions(app.parts.database) as begun:
            asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="x" * 2000)
            await stage.told_alone(asked)
        assert begun == []
        assert sum(by_operation(stage.discord.record.since(before)).values()) == 1


THINKING_FIRST, CARD_FIRST = 0.0, PATIENCE_SECONDS


@pytest.mark.asyncio
@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
@pytest.mark.parametrize("times", [1, 3], ids=["once", "at every try"])
@pytest.mark.parametrize("card_seconds", [CARD_FIRST, THINKING_FIRST], ids=["the card", "thinking"])
async def test_an_acknowledgement_whose_answer_is_lost_is_reached_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, card_seconds: float, times: int, private: bool
) -> None:
    monkeypatch.setattr(accepting, "CARD_SECONDS", card_seconds)
    async with stage.clapper():
        stage.discord.faults.reset("POST", "/interactions/", times=times, late=True)
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat", private=private)
        await stage.see_through(asked)
        assert len(stage.queue.submits) == 1
        assert asked.followups == []


@pytest.mark.asyncio
@pytest.mark.parametrize("card_seconds", [CARD_FIRST, THINKING_FIRST], ids=["the card", "thinking"])
async def test_an_acknowledgement_that_did_not_come_to_discord_is_sent_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, card_seconds: float
) -> None:
    monkeypatch.setattr(accepting, "CARD_SECONDS", card_seconds)
    async with stage.clapper():
        stage.discord.faults.reset("POST", "/interactions/", times=2)
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat")
        await stage.see_through(asked)
        assert len(stage.queue.submits) == 1
        assert asked.followups == []


@pytest.mark.asyncio
async def test_a_refusal_that_did_not_come_to_discord_is_sent_again(stage: Stage) -> None:
    async with stage.clapper():
        stage.discord.faults.reset("POST", "/interactions/", times=2)
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="x" * 2000)
        await stage.told_alone(asked)
        assert asked.followups == []


@pytest.mark.asyncio
async def test_a_refusal_whose_answer_is_lost_is_there_once(stage: Stage) -> None:
    async with stage.clapper():
        stage.discord.faults.reset("POST", "/interactions/", late=True)
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="x" * 2000)
        await stage.told_alone(asked)
        assert asked.followups == []
