"""The page of metrics of a whole bot: every series is there before anything happens, and a job makes them rise."""

from __future__ import annotations

import re

import aiohttp
import pytest

from bot.app import App
from tests.end_to_end.conftest import Stage

METRIC = re.compile(r"^# TYPE (\w+) ", re.MULTILINE)
SERIES = re.compile(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


async def page(app: App) -> dict[str, float]:
    """Every series with its value. Each metric has one or more."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{app.http_port}/metrics") as answer:
        text = await answer.text()
    found = {name: float(value) for name, value in SERIES.findall(text)}
    metrics = set(METRIC.findall(text))
    assert {name for name in metrics if not any(one.startswith(name) for one in found)} == set()
    assert {name for name in metrics if name.endswith(("_created", "_created_total"))} == set()
    return found


@pytest.mark.asyncio
async def test_every_series_is_there_from_the_start_and_a_job_makes_none(stage: Stage) -> None:
    async with stage.clapper() as app:
        before = await page(app)
        asked = await stage.discord.member("Ada").slash("general", "t2v", prompt="a cat")
        await stage.see(asked, "pending")
        during = await page(app)
        await stage.see_through(asked)
        await stage.settled(app)
        after = await page(app)

    assert after.keys() - before.keys() == set()
    assert [name for name in before if "_created" in name or "1xx" in name] == []
    rising = {name for name in after if after[name] > before[name]}
    assert during['clapper_jobs{state="pending"}'] == 1
    assert during['clapper_jobs_oldest_age_seconds{state="pending"}'] > 0
    assert after['clapper_jobs{state="pending"}'] == 0
    model = 'model="lucy-pro-t2v"'
    assert {
        f"clapper_jobs_accepted_total{{{model}}}",
        f'clapper_job_moves_total{{{model},state="delivered"}}',
        f'clapper_job_phase_seconds_count{{{model},phase="queue"}}',
        f'clapper_job_phase_seconds_count{{{model},phase="made"}}',
        f'clapper_job_phase_seconds_count{{{model},phase="delivered"}}',
        f"clapper_video_seconds_total{{{model}}}",
        f"clapper_cost_dollars_total{{{model}}}",
        'clapper_service_calls_total{kind="submit",outcome="ok",service="decart"}',
        'clapper_service_calls_total{kind="watch",outcome="ok",service="decart"}',
        'clapper_service_calls_total{kind="result",outcome="ok",service="decart"}',
        'clapper_discord_requests_total{method="PATCH",status="2xx"}',
    } - rising == set()
    assert after["clapper_database_up"] == after["clapper_shards"] == 1
    assert after["clapper_guilds"] == 2
    assert after["clapper_database_latency_seconds"] > 0
    assert after["process_resident_memory_bytes"] > 0
    assert [name for name in after if name.startswith("clapper_build_info")] != []
