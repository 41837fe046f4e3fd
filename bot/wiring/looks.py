"""What is looked up for a page of metrics, since nothing tells of its changes."""

from __future__ import annotations

import math
import time

import discord

from bot.chat.client import VideoBot
from bot.media.workers import Workers
from bot.ops.metrics import Metrics
from bot.rules.clock import Clock
from bot.rules.jobs import LIVE
from bot.store.census import count_jobs
from bot.store.database import Database


def look_before_pages(
    metrics: Metrics, *, database: Database, client: discord.Client, workers: Workers, clock: Clock
) -> None:
    """Have the gauges of the database, of Discord's gateway and of the walled-in processes set before each page."""

    async def jobs() -> None:
        metrics.database_up.set(0)
        began = time.monotonic()
        census = await count_jobs(database)
        metrics.database_latency.set(time.monotonic() - began)
        metrics.database_up.set(1)
        now = clock.now()
        for state in LIVE:
            amount, oldest = census.by_state.get(state.value, (0, now))
            metrics.jobs.labels(state.value).set(amount)
            metrics.oldest.labels(state.value).set(max(0.0, (now - oldest).total_seconds()))
        for why, waiting in (("held", census.held), ("limit", census.in_line), ("member", census.awaiting_member)):
            metrics.waiting.labels(why).set(waiting)

    async def gateway() -> None:
        metrics.media_tasks.set(workers.busy)
        metrics.gateway_up.set(isinstance(client, VideoBot) and client.connected)
        latency = client.latency
        metrics.gateway_latency.set(latency if math.isfinite(latency) else 0.0)
        metrics.guilds.set(len(client.guilds))
        metrics.shards.set(len(client.shards) if isinstance(client, discord.AutoShardedClient) else 0)

    metrics.before_page(jobs)
    metrics.before_page(gateway)
