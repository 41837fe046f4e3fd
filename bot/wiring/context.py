"""Builds what a job's steps work with."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bot.errors import QueueInputError, SettingsError
from bot.queue import QueueClient, Retry
from bot.rules.catalog import Catalog
from bot.rules.clock import Clock
from bot.rules.durations import Durations
from bot.rules.polling import AdaptivePolling, PollBounds
from bot.settings import Settings
from bot.wiring.chat import Chat
from bot.wiring.media import Media
from bot.wiring.process import Process
from bot.wiring.store import Store
from bot.work.jobs.availability import Availability
from bot.work.jobs.context import JobContext, results_kept
from bot.work.jobs.links import ResultLinks


async def job_context(process: Process, store: Store, chat: Chat, media: Media, closing: AsyncExitStack) -> JobContext:
    """What a job's steps work with, among it what models took lately, as the rows tell."""
    settings, clock = process.settings, process.clock
    durations = Durations()
    for model in process.catalog:
        durations.extend(model.name, await store.jobs.durations(model.name))
    return JobContext(
        jobs=store.jobs,
        queue=await closing.enter_async_context(queue_client(settings, process.catalog, clock, durations)),
        files=store.files,
        intake=media.intake,
        encoder=media.encoder,
        announcer=chat.announcer,
        catalog=process.catalog,
        availability=Availability(store.notes, clock=clock),
        durations=durations,
        clock=clock,
        metrics=process.metrics,
        settings=settings,
        links=ResultLinks(store.files, media.downloads, lifetime=results_kept(settings), clock=clock),
    )


def queue_client(settings: Settings, catalog: Catalog, clock: Clock, durations: Durations) -> QueueClient:
    """A client that submits once. The job's steps submit again: in between, the row must say that none is under way."""
    bounds = PollBounds(
        poll_min=settings.poll_min_seconds, poll_max=max(settings.poll_min_seconds, settings.poll_max_seconds)
    )
    typical = {model.name: model.typical_seconds for model in catalog}
    try:
        return QueueClient(
            api_key=settings.decart_api_key.get_secret_value(),
            base_url=settings.decart_base_url,
            catalog=catalog,
            clock=clock,
            polling=AdaptivePolling(durations, bounds, typical_seconds=typical),
            retry=Retry(submit_attempts=1),
        )
    except QueueInputError as exc:
        raise SettingsError(f"DECART_API_KEY or DECART_BASE_URL can't be used: {exc}") from exc
