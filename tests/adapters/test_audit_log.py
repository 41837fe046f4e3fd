"""The audit channel and held jobs below Discord: what is told, what is given up, and what a restart takes up again."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock

import pytest

from bot.errors import DatabaseUnavailable, HoldSettledAlready, ModeratorsOnly
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import JobState, Requester
from bot.rules.notices import HoldOutcome, JobEnded, NoticeLost, SettingsChanged
from bot.rules.prompts import WordAction, WordRule
from bot.store.notes import Notes
from bot.work.guilds.audit_log import REFUSALS_MAX
from tests.adapters.runner_setup import Bench, bench, empty_url
from tests.jobs import GUILD, a_job, a_member, a_reply, a_request

__all__ = ["bench", "empty_url"]

ADMIN = Requester(user_id=7, name="Linus", guild_id=GUILD, channel_id=1, admin=True)
HOLD = WordRule(pattern="cat", action=WordAction.HOLD)


async def arrange(bench: Bench, **changes: object) -> GuildSettings:
    return await bench.guilds.rework(GUILD, ADMIN, lambda _: changes)


@pytest.mark.asyncio
async def test_final_refusals_in_a_row_silence_the_audit_channel_until_it_is_chosen_again(bench: Bench) -> None:
    await arrange(bench, audit_channel_id=5)
    audit_log, drain = bench.services.audit_log, bench.services.background.drain
    await drain()
    assert isinstance(bench.notices.posted[0], SettingsChanged)
    bench.notices.lost = NoticeLost("http_500", final=False)
    for private in (True, False) * REFUSALS_MAX:
        await arrange(bench, private_by_default=private)
        await drain()
    assert await audit_log.silenced(GUILD) is None, "a failure of Discord's own says nothing about the channel"
    bench.notices.lost = NoticeLost("http_404", final=True)
    for private in (True, False, True):
        assert await audit_log.silenced(GUILD) is None
        await arrange(bench, private_by_default=private)
        await drain()
    assert await audit_log.silenced(GUILD) == "http_404"
    bench.notices.lost = None
    posted = len(bench.notices.posted)
    await arrange(bench, private_by_default=False)
    await drain()
    assert len(bench.notices.posted) == posted
    await audit_log.reopen(GUILD, ADMIN)
    await arrange(bench, private_by_default=True)
    await drain()
    assert len(bench.notices.posted) == posted + 1


@pytest.mark.asyncio
async def test_a_held_job_counts_takes_no_place_and_goes_on_through_the_line(bench: Bench) -> None:
    await arrange(bench, mod_channel_id=6, word_rules=(HOLD,))
    job = await bench.accept(a_request(), a_member(), a_reply())
    held = await bench.ended(job.id)
    await bench.services.background.drain()
    assert held.held
    assert bench.notices.asked[0][0] == 6
    assert bench.notices.asked[0][2] == "cat"
    with pytest.raises(ModeratorsOnly):
        await bench.services.moderation.approve(job.id, a_member())
    with pytest.raises(ModeratorsOnly):
        await bench.services.moderation.deny(job.id, ADMIN.model_copy(update={"guild_id": GUILD + 1}))
    await bench.services.moderation.approve(job.id, ADMIN)
    with pytest.raises(HoldSettledAlready):
        await bench.services.moderation.deny(job.id, ADMIN)
    assert bench.notices.settled == [(901, HoldOutcome.APPROVED)]


@pytest.mark.asyncio
async def test_a_denied_job_is_given_back_and_told_to_the_audit_channel(bench: Bench) -> None:
    await arrange(bench, mod_channel_id=6, audit_channel_id=5, word_rules=(HOLD,))
    job = await bench.accept(a_request(), a_member(), a_reply())
    await bench.ended(job.id)
    await bench.services.background.drain()
    denied = await bench.services.moderation.deny(job.id, ADMIN)
    assert (denied.state, denied.refunded) == (JobState.FAILED, True)
    await bench.services.background.drain()
    assert any(isinstance(entry, JobEnded) for entry in bench.notices.posted)


@pytest.mark.asyncio
async def test_killed_before_it_could_say_that_the_job_is_denied_the_next_process_says_so(bench: Bench) -> None:
    await arrange(bench, mod_channel_id=6, word_rules=(HOLD,))
    job = await bench.accept(a_request(), a_member(), a_reply())
    await bench.ended(job.id)
    await bench.services.background.drain()
    bench.clock.long = 0.001  # no time passes by itself
    bench.announcer.unreached = 1_000_000
    assert (await bench.services.moderation.deny(job.id, ADMIN)).untold
    await bench.kill()
    bench.announcer.unreached = 0
    await bench.open()
    assert await bench.engine.resume() == 1
    await bench.until(lambda: "failed" in bench.announcer.states(job.id) and not bench.engine._tasks)
    assert not (await bench.jobs.get(job.id)).untold


@pytest.mark.asyncio
async def test_what_was_held_but_not_asked_about_before_a_crash_is_asked_about_at_the_start(bench: Bench) -> None:
    await arrange(bench, mod_channel_id=6, word_rules=(HOLD,))
    job = await bench.accept(a_request(), a_member(), a_reply())
    await bench.ended(job.id)
    await bench.services.background.drain()
    await bench.services.moderation.resume()
    assert len(bench.notices.asked) == 1, "it was asked about already"
    await Notes(bench.database).drop(f"hold:{job.id}")
    await bench.services.moderation.resume()
    await bench.ended(job.id)
    await bench.services.background.drain()
    assert len(bench.notices.asked) == 2


@pytest.mark.asyncio
async def test_a_question_that_a_crash_broke_off_is_asked_a_minute_later_though_nobody_restarts(bench: Bench) -> None:
    await arrange(bench, mod_channel_id=6, word_rules=(HOLD,))
    job = await bench.jobs.insert(a_job(held=True))
    await Notes(bench.database).put(f"hold:{job.id}", f"asking:{bench.clock.now().isoformat()}")
    assert await asked_after(bench, seconds=0) == 0, "whoever is at it may still come to its end"
    assert await asked_after(bench, seconds=61) == 1


@pytest.mark.asyncio
async def test_a_question_that_an_outage_prevented_is_asked_later(bench: Bench, monkeypatch: Any) -> None:
    await arrange(bench, mod_channel_id=6, word_rules=(HOLD,))
    with monkeypatch.context() as away:
        away.setattr(Notes, "get", AsyncMock(side_effect=DatabaseUnavailable("away")))
        job = await bench.accept(a_request(), a_member(), a_reply())
        await bench.ended(job.id)
        await bench.services.background.drain()
    assert bench.notices.asked == []
    assert await asked_after(bench, seconds=61) == 1


async def asked_after(bench: Bench, *, seconds: float) -> int:
    """How many questions there are once the periodic task was done, so much later."""
    await bench.clock.advance(seconds)
    await bench.services.moderation.task.act()
    await bench.until(lambda: not bench.engine._tasks)
    await bench.services.background.drain()
    return len(bench.notices.asked)
