"""Many processes on PostgreSQL: real ones, started, killed, stopped and woken, against both stand-ins."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

import pytest

from bot.rules.limit_rules import LimitBook
from sandbox.discord import Invocation
from tests.cards import state_of
from tests.end_to_end.cluster import ask_database, cluster
from tests.fleet import (
    NOT_IN_TIME,
    PATIENCE_SECONDS,
    TAKEN_FROM_A_SILENT_ONE,
    Child,
    Fleet,
    seen,
    submits_of,
    until,
    uploads_of,
)

__all__ = ["cluster"]

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

UNTIL_FINISHED = 600.0
"""Seconds that no test waits: the stand-in is told when its jobs are over, however slow the machine is."""


async def _ask(ships: Fleet, prompt: str, *, who: str = "Ada", where: str = "general") -> Invocation:
    return await ships.discord.member(who).slash(where, "t2v", prompt=prompt)


def _running_jobs(child: Child) -> int:
    """How many of its jobs it has begun and not ended, as its log tells."""
    begun = sum(" is submitting" in line for line in child.lines)
    return begun - sum(" is delivered" in line for line in child.lines)


async def _all_delivered_once(ships: Fleet, asked: Sequence[Invocation], prompts: Sequence[str]) -> None:
    for invocation, prompt in zip(asked, prompts, strict=True):
        message = await seen(invocation, "delivered")
        assert len(message["attachments"]) == 1
        assert invocation.followups == []
        assert submits_of(ships, prompt) == 1
        assert uploads_of(ships, message["id"]) == 1


@pytest.mark.asyncio
async def test_a_killed_workers_jobs_go_on_elsewhere_and_a_stopped_one_delivers_nothing_twice(cluster: Fleet) -> None:
    cluster.queue.processing_seconds = UNTIL_FINISHED
    bot = await cluster.bot(RUN_JOBS="false")
    first, second = await asyncio.gather(cluster.worker(JOBS_AT_ONCE="4"), cluster.worker(JOBS_AT_ONCE="4"))
    prompts = [f"cat {number}" for number in range(8)]
    asked = [await _ask(cluster, prompt) for prompt in prompts]
    for each in asked:
        await seen(each, "processing")
    await until(lambda: (_running_jobs(first), _running_jobs(second)) == (4, 4))  # logs come a moment after the replies
    first.signal(signal.SIGSTOP)
    await second.kill()
    cluster.queue.finish()
    third = await cluster.worker()
    await until(lambda: all(state_of(each.message) == "delivered" for each in asked))
    first.signal(signal.SIGCONT)
    await first.says("was taken for dead")
    await first.says("was moved by somebody else", times=4)

    await third.ask_to_stop()
    cluster.queue.processing_seconds = 0.0
    late = await _ask(cluster, "one for the woken")
    await seen(late, "delivered")
    await _all_delivered_once(cluster, [*asked, late], [*prompts, "one for the woken"])
    await first.says(" is delivered")
    assert await ask_database(cluster, "SELECT state, count(*) FROM jobs GROUP BY state") == [("delivered", 9)]
    while await ask_database(cluster, "SELECT count(*) FROM procrastinate_jobs") != [(0,)]:
        await asyncio.sleep(0.05)
    assert bot.code is None


@pytest.mark.asyncio
async def test_a_worker_that_is_asked_to_stop_is_gone_in_time_and_another_goes_on_at_once(cluster: Fleet) -> None:
    cluster.queue.processing_seconds = UNTIL_FINISHED
    await cluster.bot(RUN_JOBS="false")
    leaving = await cluster.worker()
    prompts = [f"cat {number}" for number in range(4)]
    asked = [await _ask(cluster, prompt) for prompt in prompts]
    for each in asked:
        await seen(each, "processing")
    staying = await cluster.worker()
    assert await leaving.ask_to_stop() == 0
    assert NOT_IN_TIME not in leaving.output
    assert "4 jobs under way are handed to the other processes" in leaving.output
    assert not any(words in leaving.output for words in ("logged in", "logging in")), "it has no connection"
    cluster.queue.finish()
    await until(lambda: all(state_of(each.message) == "delivered" for each in asked))
    assert not any(TAKEN_FROM_A_SILENT_ONE in child.output for child in cluster.children), "they were handed over"
    await _all_delivered_once(cluster, asked, prompts)
    assert "intent" not in staying.output
    await staying.says(" is delivered", times=4)


@pytest.mark.asyncio
async def test_one_servers_crowd_does_not_hold_up_anothers_first(cluster: Fleet) -> None:
    cluster.queue.processing_seconds = 0.2
    await cluster.bot(RUN_JOBS="false")
    crowd = [await _ask(cluster, f"crowd {number}") for number in range(9)]
    other = await cluster.discord.member("Grace").slash(
        next(iter(cluster.discord.guild("Test Kitchen").channels)), "t2v", prompt="the other's first"
    )
    for each in (*crowd, other):
        await seen(each, "accepted")  # though nobody runs jobs yet
    await cluster.worker(JOBS_AT_ONCE="2")
    await seen(other, "delivered")
    assert sum(state_of(each.message) == "delivered" for each in crowd) <= 3
    for each in crowd:
        await seen(each, "delivered")


@pytest.mark.asyncio
async def test_cancel_is_heard_by_the_worker_that_runs_the_job(cluster: Fleet) -> None:
    cluster.queue.processing_seconds = UNTIL_FINISHED
    await cluster.bot(RUN_JOBS="false")
    worker = await cluster.worker(POLL_MIN_SECONDS="30", POLL_MAX_SECONDS="60")
    asked = await _ask(cluster, "never mind")
    message = await seen(asked, "pending", "processing")
    await cluster.discord.member("Ada").press(message, "Cancel")
    await seen(asked, "cancelled")
    await worker.says("was moved by somebody else")


@pytest.mark.asyncio
async def test_bots_with_their_shards_serve_their_servers_and_share_the_jobs(cluster: Fleet) -> None:
    linus, ada = cluster.discord.member("Linus"), cluster.discord.member("Ada")
    world = cluster.discord.world
    while len({int(guild) >> 22 & 1 for guild in world.guilds}) < 2:
        guild = world.add_guild("Another", world.users[linus.id], [world.users[ada.id]])
        world.add_channel(guild, "talk")
    homes = {int(guild.id) >> 22 & 1: next(iter(guild.channels)) for guild in world.guilds.values()}
    await asyncio.gather(*(cluster.spawn(SHARD_IDS=str(shard), SHARD_COUNT="2", JOBS_AT_ONCE="1") for shard in (0, 1)))
    for child in cluster.children:
        await child.says("jobs go on")
    await until(lambda: {s.shard[0] for s in cluster.discord.core.gateway.sessions.values() if s.connected} == {0, 1})
    for shard, channel in homes.items():
        asked = await ada.slash(channel, "t2v", prompt=f"shard {shard}")
        await seen(asked, "delivered")
    for child in cluster.children:
        assert sum(" is accepted" in line for line in child.lines) == 1
    await until(lambda: sum(" is delivered" in line for child in cluster.children for line in child.lines) == 2)


@pytest.mark.asyncio
async def test_who_does_not_share_the_keys_or_the_database_is_refused_in_one_line(cluster: Fleet) -> None:
    await cluster.worker()
    stranger = await cluster.spawn("worker", SECRET_KEYS="")
    assert await stranger.ended() == 2
    assert len(stranger.output.strip().splitlines()[-1]) < 300
    assert "SECRET_KEYS" in stranger.output.strip().splitlines()[-1]
    homeless = await cluster.spawn("worker", FILES_URL=f"file://{cluster.folder}/elsewhere")
    assert await homeless.ended() == 2
    assert "FILES_URL" in homeless.output.strip().splitlines()[-1]
    loner = await cluster.spawn("worker", DATABASE_URL="")
    assert await loner.ended() == 2
    assert "DATABASE_URL=postgresql+psycopg://" in loner.output
    assert "Traceback" not in stranger.output + homeless.output + loner.output


@pytest.mark.asyncio
async def test_a_worker_tells_moderators_in_their_servers_language(cluster: Fleet) -> None:
    guild, clips = cluster.discord.guild("Film Club"), cluster.discord.channel("Film Club#clips")
    await cluster.set_settings(guild.id, limits=LimitBook(rules=()), audit_channel_id=int(clips.id))
    cluster.discord.set_locale(guild, "de")
    await cluster.bot(RUN_JOBS="false")
    await cluster.worker()
    linus = cluster.discord.member("Linus")
    await _ask(cluster, "a cat", where="Film Club#general")
    await linus.wait_for(clips, lambda message: "Video geliefert" in str(message["embeds"]), PATIENCE_SECONDS)
    cluster.discord.set_locale(guild, "en-US")
    await _ask(cluster, "a dog", where="Film Club#general")
    await linus.wait_for(clips, lambda message: "Video delivered" in str(message["embeds"]), PATIENCE_SECONDS)
