"""Write `docs/operations/dashboard.json`, the Grafana dashboard, from the table of its panels."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "operations" / "dashboard.json"
_WIDTH, _HEIGHT, _ACROSS = 8, 8, 3
_OURS = '{job="$job"}'
_LAST = "[$__rate_interval]"

_MEAN_BY_PHASE = (
    f"sum by (phase) (rate(clapper_job_phase_seconds_sum{_OURS}{_LAST})) "
    f"/ sum by (phase) (rate(clapper_job_phase_seconds_count{_OURS}{_LAST}))"
)
_LATE = f"histogram_quantile(0.99, sum by (le, instance) (rate(clapper_event_loop_lag_seconds_bucket{_OURS}{_LAST})))"

Query = tuple[str, str]

ROWS: list[tuple[str, list[tuple[str, str, list[Query]]]]] = [
    (
        "Jobs",
        [
            ("Jobs that have not ended", "short", [(f"max by (state) (clapper_jobs{_OURS})", "{{state}}")]),
            ("Waiting for somebody", "short", [(f"max by (why) (clapper_jobs_waiting{_OURS})", "{{why}}")]),
            ("Oldest job", "s", [(f"max by (state) (clapper_jobs_oldest_age_seconds{_OURS})", "{{state}}")]),
            (
                "Accepted and delivered, a minute",
                "short",
                [
                    (f"60 * sum(rate(clapper_jobs_accepted_total{_OURS}{_LAST}))", "accepted"),
                    (f'60 * sum(rate(clapper_job_moves_total{{job="$job", state="delivered"}}{_LAST}))', "delivered"),
                    (f"60 * sum(rate(clapper_jobs_failed_total{_OURS}{_LAST}))", "failed"),
                ],
            ),
            (
                "From command to video",
                "s",
                [
                    (f"histogram_quantile({at}, sum by (le) (rate(clapper_job_seconds_bucket{_OURS}{_LAST})))", name)
                    for at, name in ((0.5, "median"), (0.9, "9 of 10"))
                ],
            ),
            (
                "Mean seconds by phase",
                "s",
                [
                    (_MEAN_BY_PHASE, "{{phase}}"),
                ],
            ),
            (
                "Failures, by error, an hour",
                "short",
                [(f"sum by (error) (increase(clapper_jobs_failed_total{_OURS}[1h])) > 0", "{{error}}")],
            ),
            (
                "Refusals, by error, an hour",
                "short",
                [(f"sum by (error) (increase(clapper_requests_refused_total{_OURS}[1h])) > 0", "{{error}}")],
            ),
            (
                "Deliveries, by rung of the ladder, an hour",
                "short",
                [(f"sum by (rung) (increase(clapper_deliveries_total{_OURS}[1h]))", "{{rung}}")],
            ),
        ],
    ),
    (
        "Money",
        [
            (
                "List price, by model, a day",
                "currencyUSD",
                [(f"sum by (model) (increase(clapper_list_price_dollars_total{_OURS}[1d])) > 0", "{{model}}")],
            ),
            (
                "Seconds of video, by model, a day",
                "s",
                [(f"sum by (model) (increase(clapper_video_seconds_total{_OURS}[1d])) > 0", "{{model}}")],
            ),
            (
                "Submits with an unknown outcome, a day",
                "short",
                [(f"sum(increase(clapper_submits_unknown_total{_OURS}[1d]))", "unknown")],
            ),
        ],
    ),
    (
        "Services",
        [
            (
                "Calls to the video services, a second",
                "short",
                [
                    (
                        f"sum by (service, kind, outcome) (rate(clapper_service_calls_total{_OURS}{_LAST})) > 0",
                        "{{service}} {{kind}} {{outcome}}",
                    )
                ],
            ),
            (
                "Requests to Discord, a second",
                "short",
                [(f"sum by (status) (rate(clapper_discord_requests_total{_OURS}{_LAST}))", "{{status}}")],
            ),
            (
                "Gateway latency",
                "s",
                [(f"clapper_gateway_latency_seconds{_OURS} and clapper_shards{_OURS} > 0", "{{instance}}")],
            ),
            ("Servers", "short", [(f"sum(clapper_guilds{_OURS})", "servers")]),
            ("Shards up", "short", [(f"sum(clapper_shards{_OURS} * clapper_gateway_up{_OURS})", "shards")]),
            (
                "Events that can't be read, an hour",
                "short",
                [(f"sum by (event) (increase(clapper_discord_events_unreadable_total{_OURS}[1h]))", "{{event}}")],
            ),
        ],
    ),
    (
        "Processes",
        [
            ("Database: time for a question", "s", [(f"clapper_database_latency_seconds{_OURS}", "{{instance}}")]),
            (
                "Event loop: how late, 99 of 100",
                "s",
                [
                    (_LATE, "{{instance}}"),
                ],
            ),
            ("Memory", "bytes", [(f"process_resident_memory_bytes{_OURS}", "{{instance}}")]),
            ("Processor", "percentunit", [(f"rate(process_cpu_seconds_total{_OURS}{_LAST})", "{{instance}}")]),
            (
                "Work on files, and files that can't be used",
                "short",
                [
                    (f"sum(clapper_media_tasks_running{_OURS})", "processes"),
                    (f"sum(increase(clapper_files_refused_total{_OURS}[1h]))", "refused, an hour"),
                    (f"sum(increase(clapper_file_store_errors_total{_OURS}[1h]))", "store errors, an hour"),
                ],
            ),
            (
                "Jobs by process, versions",
                "short",
                [
                    (f"clapper_jobs_running{_OURS}", "{{instance}}"),
                    (f"count by (version) (clapper_build_info{_OURS})", "version {{version}}"),
                ],
            ),
        ],
    ),
]


def dashboard() -> dict[str, Any]:
    """As Grafana 10 and later import it; it asks which Prometheus and which of its jobs."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        panels.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}, "panels": []})
        top += 1
        for at, (name, unit, queries) in enumerate(row):
            place = {"x": at % _ACROSS * _WIDTH, "y": top + at // _ACROSS * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            panels.append(_panel(name, unit, queries, place))
        top += -(-len(row) // _ACROSS) * _HEIGHT
    for number, panel in enumerate(panels, start=1):
        panel["id"] = number
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    job = {
        "name": "job",
        "label": "job",
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "query": "label_values(clapper_build_info, job)",
        "refresh": 2,
    }
    return {
        "uid": "clapper",
        "title": "Clapper",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source, job]},
        "panels": panels,
    }


def _panel(title: str, unit: str, queries: list[Query], place: dict[str, int]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": source, "expr": expression, "legendFormat": legend}
            for at, (expression, legend) in enumerate(queries)
        ],
    }


def text() -> str:
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(text(), encoding="utf-8")
