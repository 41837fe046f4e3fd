"""The database goes away under a cluster at work, and comes back: every job ends delivered, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.discord import Invocation
from tests.adapters.sandbox_material import clip as draw_clip
from tests.end_to_end.cluster import ask_database, cluster
from tests.end_to_end.scratch_postgres import scratch_server
from tests.fleet import TAKEN_FROM_A_SILENT_ONE, Fleet, fleet, seen, submits_of, uploads_of

__all__ = ["cluster"]

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

PROMPTS = [f"cat {number}" for number in range(6)]


async def _ask_all(ships: Fleet) -> list[Invocation]:
    ada = ships.discord.member("Ada")
    asked = [await ada.slash("general", "t2v", prompt=prompt) for prompt in PROMPTS]
    for each in asked:
        await seen(each, "pending", "processing")
    return asked


async def _see_all_through(ships: Fleet, asked: list[Invocation]) -> None:
    for each, prompt in zip(asked, PROMPTS, strict=True):
        message = await seen(each, "delivered")
        assert len(message["attachments"]) == 1
        assert submits_of(ships, prompt) == 1
        assert uploads_of(ships, message["id"]) == 1


@pytest.mark.asyncio
async def test_every_connection_cut_again_and_again_loses_nothing(cluster: Fleet) -> None:
    cluster.queue.processing_seconds = 600.0
    bot, worker = await cluster.bot(RUN_JOBS="false"), await cluster.worker()
    asked = await _ask_all(cluster)
    cuts = 0
    for _ in range(5):
        [(cut,)] = await ask_database(
            cluster,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()",
        )
        cuts += int(str(cut))
        await asyncio.sleep(0.4)
    assert cuts >= 5
    cluster.queue.finish()
    cluster.queue.processing_seconds = 0.0
    await _see_all_through(cluster, asked)
    late = await cluster.discord.member("Ada").slash("general", "t2v", prompt="after all that")
    await seen(late, "delivered")
    assert (bot.code, worker.code) == (None, None)


@pytest.mark.asyncio
async def test_who_is_to_stop_is_gone_in_time_though_the_database_answers_nothing(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(draw_clip(64, 36, seconds=1, sound=False))
    async with (
        scratch_server() as server,
        fleet(tmp_path / "data", server.url, clip=clip, processing_seconds=3.0) as ships,
    ):
        await ships.without_limits()
        leaving = [await ships.bot(RUN_JOBS="false"), await ships.worker()]
        asked = await _ask_all(ships)
        async with server.frozen():
            await asyncio.sleep(3)  # until each of its loops waits for an answer
            assert await asyncio.gather(*(child.ask_to_stop() for child in leaving)) == [0, 0]
        await ships.worker()
        await _see_all_through(ships, asked)


@pytest.mark.asyncio
async def test_a_crash_of_the_server_is_ridden_out_by_the_same_processes(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(draw_clip(64, 36, seconds=1, sound=False))
    async with (
        scratch_server() as server,
        fleet(tmp_path / "data", server.url, clip=clip, processing_seconds=600.0) as ships,
    ):
        await ships.without_limits()
        await ships.bot(RUN_JOBS="false")
        await asyncio.gather(ships.worker(), ships.worker())
        asked = await _ask_all(ships)
        await server.stop("immediate")
        await asyncio.gather(*(child.says("the database is unavailable") for child in ships.children))
        refused = await ships.discord.member("Ada").slash("general", "t2v", prompt="while it is away")
        await refused.done()
        await server.start()
        ships.queue.finish()
        ships.queue.processing_seconds = 0.0
        await _see_all_through(ships, asked)
        late = await ships.discord.member("Ada").slash("general", "t2v", prompt="once it is back")
        await seen(late, "delivered")
        assert submits_of(ships, "while it is away") == 0
        assert not any(TAKEN_FROM_A_SILENT_ONE in child.output for child in ships.children)
        assert [child.code for child in ships.children] == [None] * 3
        for child in ships.children:
            await child.says("the database is back")
            assert await child.ask_to_stop() == 0
