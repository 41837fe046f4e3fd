"""What Clapper counts, for Prometheus. One registry an `App`, so that two in one process don't mix."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_JOB_SECONDS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)


class Metrics:
    """Labels are from closed sets (states, models, error keys): never a member, a server or a prompt."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Counter(
            "clapper_jobs_accepted_total", "Jobs that were said yes to", ["model"], registry=self.registry
        )
        self.refused = Counter(
            "clapper_requests_refused_total", "Requests refused before a job", ["error"], registry=self.registry
        )
        self.moved = Counter(
            "clapper_job_moves_total", "Jobs that came into a state", ["state", "model"], registry=self.registry
        )
        self.failed = Counter(
            "clapper_jobs_failed_total", "Jobs that failed, by error", ["error"], registry=self.registry
        )
        self.unknown = Counter(
            "clapper_submits_unknown_total", "Submits of which nobody knows if they were taken", registry=self.registry
        )
        self.deliveries = Counter(
            "clapper_deliveries_total", "Handovers by rung of the ladder", ["rung"], registry=self.registry
        )
        self.seconds = Histogram(
            "clapper_job_seconds", "From accepted to delivered", ["model"], buckets=_JOB_SECONDS, registry=self.registry
        )
        self.events_unreadable = Counter(
            "clapper_discord_events_unreadable_total",
            "Events of Discord's that can't be read and are left out",
            ["event"],
            registry=self.registry,
        )
        self.running = Gauge("clapper_jobs_running", "Jobs that this process looks after now", registry=self.registry)

        self.background_failures = Counter(
            "clapper_background_failures_total", "Failures of periodic tasks", ["task"], registry=self.registry
        )

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)
