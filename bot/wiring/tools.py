"""What a job's steps work with."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bot.errors import QueueInputError, SettingsError
from bot.media import MediaEncoder
from bot.queue import QueueClient, Retry
from bot.rules.catalog import Catalog
from bot.rules.clock import Clock
from bot.rules.polling import AdaptivePolling, Bounds, Durations
from bot.settings import Settings
from bot.wiring.chat import Chat
from bot.wiring.ground import Ground
from bot.wiring.media import Media
from bot.wiring.store import Store
from bot.work.availability import Availability
from bot.work.links import ResultLinks
from bot.work.tools import Tools, results_kept


async def gather_tools(ground: Ground, store: Store, chat: Chat, media: Media, closing: AsyncExitStack) -> Tools:
    """What a job's steps work with, among it what models took lately, as the rows tell."""
    settings, clock = ground.settings, ground.clock
    durations = Durations()
    for model in ground.catalog:
        durations.extend(model.name, await store.jobs.durations(model.name))
    return Tools(
        jobs=store.jobs,
        queue=await closing.enter_async_context(queue_client(settings, ground.catalog, clock, durations)),
        files=store.files,
        intake=media.intake,
        encoder=MediaEncoder(),
        announcer=chat.announcer,
        catalog=ground.catalog,
        availability=Availability(store.notes, clock=clock),
        durations=durations,
        clock=clock,
        metrics=ground.metrics,
        settings=settings,
        links=ResultLinks(store.files, media.downloads, lifetime=results_kept(settings), clock=clock),
    )


def queue_client(settings: Settings, catalog: Catalog, clock: Clock, durations: Durations) -> QueueClient:
    """The pipeline decides when to submit again, since in between the row must say that nothing is under way."""
    bounds = Bounds(
        poll_min=settings.poll_min_seconds, poll_max=max(settings.poll_min_seconds, settings.poll_max_seconds)
    )
    try:
        return QueueClient(
            api_key=settings.decart_api_key.get_secret_value(),
            base_url=settings.decart_base_url,
            catalog=catalog,
            clock=clock,
            polling=AdaptivePolling(durations, bounds),
            retry=Retry(submit_attempts=1),
        )
    except QueueInputError as exc:
        raise SettingsError(f"DECART_API_KEY or DECART_BASE_URL can't be used: {exc}") from exc
