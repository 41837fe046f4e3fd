"""One member's thousand commands in ten seconds: what they cost is counted, and nobody else's command costs more."""

from __future__ import annotations

import pytest

from bot.chat.floods import Floods
from bot.chat.replies import interactions
from sandbox.discord import Invocation
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage
from tests.end_to_end.test_path_cost import TRANSACTIONS_MAX, transactions
from tests.end_to_end.test_replies import answer_to, in_state

ASKED, SECONDS = 1000, 10
LET_IN = {
    "usage": 60 + SECONDS * 2, "t2v": 200 + SECONDS * 4, "press": 200 + SECONDS * 4, "typed": 60 + SECONDS * 5,
    "written": 60 + SECONDS * 2,
}  # fmt: skip
"""The burst, and so many for each second."""
TOLD = 2
"""How often the flooder hears that it is too quick."""
REQUESTS, TRANSACTIONS = {"usage": 3, "t2v": 3, "press": 2}, {"usage": 6, "t2v": 2, "press": 2}
"""What each that is let in costs at most."""


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["usage", "t2v", "press"])
async def test_a_thousand_commands_in_ten_seconds_cost_the_others_nothing(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ANSWER_SECONDS", PATIENCE_SECONDS)  # counted, never timed
    at = 0.0
    async with stage.clapper() as app:
        app.parts.bot.floods = Floods(lambda: at)
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        listed = await (await ada.slash("general", "jobs")).reply(timeout=PATIENCE_SECONDS)

        async def ask() -> Invocation:
            if kind == "press":
                return await ada.press(listed, "clapper:own:list:0", raw=True)
            if kind == "t2v":
                return await ada.slash("general", kind, prompt="a cat")
            return await ada.slash("general", kind)

        asked: list[Invocation] = []
        with transactions(app.parts.database) as begun:
            for number in range(ASKED):
                at = SECONDS * number / ASKED
                asked.append(await ask())
                if number == ASKED // 2:
                    theirs = await grace.slash("general", "t2v", prompt="a ball")
            await stage.see(theirs, "pending")
            last = await stage.discord.member("Linus").slash("general", "help")
            await last.reply(timeout=PATIENCE_SECONDS)

        answered = [one for one in asked if one.state == "answered"]
        assert len(answered) <= LET_IN[kind] + TOLD
        assert sum(len(one.requests) for one in asked) <= LET_IN[kind] * REQUESTS[kind] + TOLD
        assert len(begun) <= LET_IN[kind] * TRANSACTIONS[kind] + 3 * TRANSACTIONS_MAX
        assert len(theirs.requests) <= 3, "no more than on a quiet day"
        assert [one.state for one in (theirs, last)] == ["answered", "answered"]


@pytest.mark.asyncio
async def test_a_thousand_words_typed_into_an_option_in_ten_seconds_are_offered_choices_a_few_times(
    stage: Stage,
) -> None:
    at = 0.0
    async with stage.clapper() as app:
        app.parts.bot.floods = Floods(lambda: at)
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        asked: list[Invocation] = []
        for number in range(ASKED):
            at = SECONDS * number / ASKED
            asked.append(ada.type_in("general", "t2v", "model", model="lucy"))
        assert await grace.autocomplete("general", "t2v", "model", model="lucy"), "the others are offered theirs"
        answered = sum(one.state == "answered" for one in asked)
        assert 60 <= answered <= LET_IN["typed"]


@pytest.mark.asyncio
async def test_a_thousand_written_commands_in_ten_seconds_are_answered_a_few_times(stage: Stage) -> None:
    at = 0.0
    async with stage.clapper() as app:
        app.parts.bot.floods = Floods(lambda: at)
        ada, grace = stage.discord.member("Ada"), stage.discord.member("Grace")
        call = f"<@{stage.discord.bot.id}> t2v "

        def answers() -> int:
            return sum(bool(one.get("message_reference")) for one in ada.sees("general", 2 * ASKED))

        with transactions(app.parts.database) as begun:
            for number in range(ASKED):
                at = SECONDS * number / ASKED
                await ada.say("general", call + "a cat")
            theirs = await grace.say("clips", call + "a ball")
            await answer_to(stage, theirs, in_state("pending"), "clips")
            await stage.discord.until(lambda: answers() >= 60, PATIENCE_SECONDS, "answers to the burst")
            last = await stage.discord.member("Linus").slash("general", "help")
            await last.reply(timeout=PATIENCE_SECONDS)
        assert answers() <= LET_IN["written"] + TOLD
        assert len(begun) <= LET_IN["written"] * 2 + 3 * TRANSACTIONS_MAX
