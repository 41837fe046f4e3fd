"""What Clapper counts, for Prometheus. Each `App` has a registry of its own, so that two in one process don't mix."""

from __future__ import annotations

import functools

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_JOB_SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)


class Metrics:
    """Labels are from closed sets (states, models, error keys): never a member, a server or a prompt."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = functools.partial(Counter, registry=self.registry)
        self.accepted = counter("clapper_jobs_accepted_total", "Jobs accepted", ["model"])
        self.refused = counter("clapper_requests_refused_total", "Requests refused, so that no job was made", ["error"])
        self.moved = counter("clapper_job_moves_total", "Moves of jobs into a state", ["state", "model"])
        self.failed = counter("clapper_jobs_failed_total", "Jobs that failed, by error", ["error"])
        self.unknown = counter("clapper_submits_unknown_total", "Submits with an unknown outcome")
        self.deliveries = counter("clapper_deliveries_total", "Videos delivered, by rung of the ladder", ["rung"])
        self.seconds = Histogram(
            "clapper_job_seconds",
            "Seconds from accepted to delivered",
            ["model"],
            buckets=_JOB_SECONDS,
            registry=self.registry,
        )
        self.events_unreadable = counter(
            "clapper_discord_events_unreadable_total", "Events from Discord that can't be read", ["event"]
        )
        self.background_failures = counter("clapper_background_failures_total", "Failures of periodic tasks", ["task"])
        self.models_missing = Gauge(
            "clapper_models_missing", "Models that a service was found not to have", ["service"], registry=self.registry
        )
        self.service_answers = Gauge(
            "clapper_service_answers", "1 if a service answered when its models were asked for last", ["service"],
            registry=self.registry,
        )  # fmt: skip
        self.running = Gauge("clapper_jobs_running", "Jobs that this process runs now", registry=self.registry)

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)
