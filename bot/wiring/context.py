"""Builds what a job's steps work with."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

from bot.errors import QueueInputError, SettingsError
from bot.fal import FalClient
from bot.fal.video_service import FalVideoService
from bot.ops.metrics import Metrics
from bot.queue import QueueClient, Retry
from bot.queue.video_service import QueueVideoService
from bot.rules.catalog import Catalog, Model, ServiceName
from bot.rules.clock import Clock
from bot.rules.durations import Durations
from bot.rules.limit_rules import operator_rules
from bot.rules.polling import AdaptivePolling, PollBounds
from bot.rules.services import VideoService
from bot.settings import Settings
from bot.store.admission import Admission
from bot.wiring.chat import Chat
from bot.wiring.media import Media
from bot.wiring.process import Process
from bot.wiring.store import Store
from bot.work.background import BackgroundTasks
from bot.work.jobs.availability import Availability
from bot.work.jobs.context import JobContext, results_kept
from bot.work.jobs.counted_service import CountedService
from bot.work.jobs.links import ResultLinks
from bot.work.jobs.recent_durations import RecentDurations
from bot.work.jobs.video_services import VideoServices


async def job_context(process: Process, store: Store, chat: Chat, media: Media, closing: AsyncExitStack) -> JobContext:
    """What a job's steps work with, among it what models took lately, as the rows tell."""
    settings, clock = process.settings, process.clock
    durations = Durations()
    await RecentDurations(durations, jobs=store.jobs, catalog=process.catalog).read()
    return JobContext(
        jobs=store.jobs,
        services=await video_services(settings, process.catalog, clock, durations, closing, metrics=process.metrics),
        files=store.files,
        intake=media.intake,
        encoder=media.encoder,
        announcer=chat.announcer,
        catalog=process.catalog,
        admission=Admission(store.database, operator=operator_rules(settings.operator_limits), clock=clock),
        availability=Availability(store.notes, catalog=process.catalog, clock=clock),
        durations=durations,
        clock=clock,
        metrics=process.metrics,
        settings=settings,
        background=BackgroundTasks(),
        links=ResultLinks(store.files, media.downloads, lifetime=results_kept(settings), clock=clock),
    )


SUBMIT_ONCE = Retry(submit_attempts=1)
"""The job's steps submit again: in between, the row must say that none is under way."""


async def video_services(
    settings: Settings,
    catalog: Catalog,
    clock: Clock,
    durations: Durations,
    closing: AsyncExitStack,
    *,
    metrics: Metrics,
    retry: Retry = SUBMIT_ONCE,
) -> VideoServices:
    """A client for each service that the operator has a key for."""
    services: dict[ServiceName, VideoService] = {}
    if "decart" in settings.services:
        queue = await closing.enter_async_context(queue_client(settings, catalog, clock, durations, retry=retry))
        services["decart"] = QueueVideoService(queue)
    if "fal" in settings.services:
        fal = await closing.enter_async_context(fal_client(settings, clock, durations, catalog, retry=retry))
        services["fal"] = FalVideoService(fal)
    return VideoServices({name: CountedService(found, name, metrics) for name, found in services.items()})


def queue_client(
    settings: Settings, catalog: Catalog, clock: Clock, durations: Durations, *, retry: Retry = SUBMIT_ONCE
) -> QueueClient:
    """Raises `SettingsError` where the key or the address can't be used."""
    try:
        return QueueClient(
            api_key=settings.decart_api_key.get_secret_value(),
            base_url=settings.decart_base_url,
            catalog=catalog,
            clock=clock,
            polling=_polling(settings, durations, catalog),
            retry=retry,
        )
    except QueueInputError as exc:
        raise SettingsError(f"DECART_API_KEY or DECART_BASE_URL can't be used: {exc}") from exc


def fal_client(
    settings: Settings,
    clock: Clock,
    durations: Durations,
    catalog: Iterable[Model] = (),
    *,
    retry: Retry = SUBMIT_ONCE,
) -> FalClient:
    """The same for fal.ai's queue. Raises `SettingsError`, also where there is no key."""
    try:
        return FalClient(
            key=settings.fal_key.get_secret_value(),
            base_url=settings.fal_base_url,
            rest_url=settings.fal_rest_url,
            media_hosts=settings.fal_media_hosts,
            clock=clock,
            polling=_polling(settings, durations, catalog),
            retry=retry,
        )
    except QueueInputError as exc:
        raise SettingsError(f"FAL_KEY, FAL_BASE_URL or FAL_REST_URL can't be used: {exc}") from exc


def _polling(settings: Settings, durations: Durations, catalog: Iterable[Model] = ()) -> AdaptivePolling:
    shortest = settings.poll_min_seconds
    return AdaptivePolling(
        durations,
        PollBounds(poll_min=shortest, poll_max=max(shortest, settings.poll_max_seconds)),
        typical_seconds={model.name: model.typical_seconds for model in catalog},
    )
