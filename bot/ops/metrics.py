"""What Clapper counts, for Prometheus. Each `App` has a registry of its own, so that two in one process don't mix."""

from __future__ import annotations

import asyncio
import functools
import logging
import platform
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from bot import __version__
from bot.errors import Failed, InputRejected, KeyRefused, OutOfCredits, Refused, UserFacing
from bot.rules.catalog import Model
from bot.rules.jobs import LIVE, Job, JobState

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LOOK_SECONDS = 2.0
"""A scrape waits so long for what is looked up for it; then the page has the values of the scrape before."""
PHASES = ("queue", "made", "delivered")
WAITING = ("held", "limit", "member")
CALLS = ("submit", "serves", "look", "watch", "result", "cancel")
OUTCOMES = ("ok", "busy", "refused", "error", "no_answer")
_JOB_SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
_LAG_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_RUNGS = ("as_it_is", "smaller", "link")
_SERVICE_TROUBLES = (KeyRefused.key, OutOfCredits.key)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_STATUSES = ("2xx", "3xx", "4xx", "429", "5xx", "no_answer")

Look = Callable[[], Awaitable[None]]


class Metrics:
    """Labels are from closed sets (states, models, error keys): never a member, a server or a prompt."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._looks: list[Look] = []
        counter = functools.partial(Counter, registry=self.registry)
        gauge = functools.partial(Gauge, registry=self.registry)
        histogram = functools.partial(Histogram, registry=self.registry)

        self.accepted = counter("clapper_jobs_accepted_total", "Jobs accepted", ["model"])
        self.refused = counter("clapper_requests_refused_total", "Requests refused, so that no job was made", ["error"])
        self.moved = counter("clapper_job_moves_total", "Moves of jobs into a state", ["state", "model"])
        self.failed = counter("clapper_jobs_failed_total", "Jobs that failed, by error", ["error"])
        self.unknown = counter("clapper_submits_unknown_total", "Submits with an unknown outcome")
        self.deliveries = counter("clapper_deliveries_total", "Videos delivered, by rung of the ladder", ["rung"])
        self.seconds = histogram(
            "clapper_job_seconds", "Seconds from accepted to delivered", ["model"], buckets=_JOB_SECONDS
        )
        self.phases = histogram(
            "clapper_job_phase_seconds", "Seconds that jobs spent in a phase", ["phase", "model"], buckets=_JOB_SECONDS
        )
        self.running = gauge("clapper_jobs_running", "Jobs that this process runs now")
        self.jobs = gauge("clapper_jobs", "Jobs in the database that have not ended, by state", ["state"])
        self.waiting = gauge("clapper_jobs_waiting", "Jobs that wait for a moderator, a limit or their member", ["why"])
        self.oldest = gauge("clapper_jobs_oldest_age_seconds", "Age of the oldest job that has not ended", ["state"])

        self.video_seconds = counter("clapper_video_seconds_total", "Seconds of video made", ["model"])
        self.cost = counter("clapper_cost_dollars_total", "Cost of videos made, in US dollars", ["model"])
        self.dollars = counter("clapper_list_price_dollars_total", "List price of videos made, if known", ["model"])

        self.service_calls = counter(
            "clapper_service_calls_total", "Calls to a video service, by outcome", ["service", "kind", "outcome"]
        )
        self.discord_requests = counter(
            "clapper_discord_requests_total", "Requests to Discord's REST API", ["method", "status"]
        )
        self.events_unreadable = counter(
            "clapper_discord_events_unreadable_total", "Events from Discord that can't be read", ["event"]
        )
        self.gateway_up = gauge("clapper_gateway_up", "Whether every shard of this process is connected")
        self.gateway_latency = gauge("clapper_gateway_latency_seconds", "Heartbeat latency of the slowest shard")
        self.guilds = gauge("clapper_guilds", "Servers on this process's shards")
        self.shards = gauge("clapper_shards", "Shards of this process")

        self.database_latency = gauge("clapper_database_latency_seconds", "How long the database took for a question")
        self.database_up = gauge("clapper_database_up", "Whether the database answered the last question")
        self.file_errors = counter("clapper_file_store_errors_total", "Calls to the file store that failed")
        self.files_refused = counter("clapper_files_refused_total", "Members' files that can't be used", ["error"])
        self.media_tasks = gauge("clapper_media_tasks_running", "Walled-in processes that work on files now")

        self.background_failures = counter("clapper_background_failures_total", "Failures of periodic tasks", ["task"])
        self.models_missing = gauge(
            "clapper_models_missing", "Models that a service was found not to have", ["service"]
        )
        self.service_refusals = counter(
            "clapper_service_refusals_total", "Jobs that a service did not take, by what is wrong there",
            ["service", "error"],
        )  # fmt: skip
        self.service_answers = gauge(
            "clapper_service_answers", "1 if a service answered when its models were asked for last", ["service"]
        )
        self.loop_lag = histogram(
            "clapper_event_loop_lag_seconds", "How late the event loop is for what is due", buckets=_LAG_SECONDS
        )
        build = gauge("clapper_build_info", "1, with what runs here", ["version", "python"])
        build.labels(__version__, platform.python_version()).set(1)

    def prepare(self, models: Iterable[Model], services: Sequence[str]) -> None:
        """Have every series there from the start, as 0: what appears with its first event can't be seen to rise."""
        names = [model.name for model in models]
        for metric in (self.accepted, self.seconds, self.video_seconds, self.cost, self.dollars):
            _each(metric, names)
        _each(self.moved, JobState, names)
        _each(self.phases, PHASES, names)
        files = _keys_below(InputRejected)
        _each(self.refused, _keys_below(Refused))
        _each(self.failed, [*_keys_below(Failed), *files])
        _each(self.files_refused, files)
        _each(self.deliveries, _RUNGS)
        _each(self.jobs, LIVE)
        _each(self.oldest, LIVE)
        _each(self.waiting, WAITING)
        _each(self.service_calls, services, CALLS, OUTCOMES)
        _each(self.models_missing, services)
        _each(self.service_answers, services)
        _each(self.service_refusals, services, _SERVICE_TROUBLES)
        _each(self.discord_requests, _METHODS, _STATUSES)

    def note_move(self, before: Job, after: Job, model: Model | None) -> None:
        """A job's row was moved on. `model` is None where the catalogue has it no more."""
        name = after.request.model
        self.moved.labels(after.state.value, name).inc()
        spans: dict[JobState, tuple[str, datetime | None, datetime | None]] = {
            JobState.PROCESSING: ("queue", after.accepted_at, after.processing_at),
            JobState.COMPLETED: ("made", after.processing_at, after.completed_at),
            JobState.DELIVERED: ("delivered", after.completed_at, after.ended_at),
        }
        if after.state in spans:
            phase, began, ended = spans[after.state]
            if began is not None and ended is not None:
                self.phases.labels(phase, name).observe(max(0.0, (ended - began).total_seconds()))
        if after.state is JobState.COMPLETED and before.state is not JobState.COMPLETED:
            self.video_seconds.labels(name).inc(after.output_seconds)
            self.cost.labels(name).inc(after.cost)
            self.dollars.labels(name).inc(_list_price(after, model))

    def before_page(self, look: Look) -> None:
        """Have `look` set gauges before each page. What it raises is left out: the page says what is known."""
        self._looks.append(look)

    async def look(self) -> None:
        """Do every look, beside each other, within `LOOK_SECONDS`."""
        if not self._looks:
            return
        looking = [asyncio.create_task(_quietly(look)) for look in self._looks]
        _, late = await asyncio.wait(looking, timeout=LOOK_SECONDS)
        for task in late:
            task.cancel()

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)


async def _quietly(look: Look) -> None:
    try:
        await look()
    except Exception as exc:  # noqa: BLE001  # a page with old values is better than none
        log.debug("a gauge could not be set: %s", exc)


def _each(metric: Any, *labels: Iterable[str]) -> None:
    for values in product(*labels):
        metric.labels(*map(str, values))


def _list_price(job: Job, model: Model | None) -> float:
    if model is None:
        return 0.0
    return model.price(job.output_seconds, chosen=job.request.inputs.priced)


def outcome_of(http_status: int | None) -> str:
    """The label for a service's answer of that status; None: there was none."""
    if http_status is None:
        return "no_answer"
    if http_status in {429, 503}:
        return "busy"
    return "error" if http_status >= 500 else "refused"


def _keys_below(root: type[UserFacing]) -> list[str]:
    """The keys of all errors below it: those that have one and are no group."""
    below = root.__subclasses__()
    return [key for kind in below for key in (_keys_below(kind) or [kind.key])]
