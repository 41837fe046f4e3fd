"""What docs/operations hands to operators: it names what there is, and each tool that reads it can."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.ops.metrics import Metrics
from bot.rules.catalog import load_catalog
from scripts import dashboard, dashboard_picture

REPO = Path(__file__).parents[2]
OPERATIONS = REPO / "docs" / "operations"
NAME = re.compile(r"\b(?:clapper|process)_[a-z_]+\b")
SELECTOR = re.compile(r"\b((?:clapper|process)_[a-z_]+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
GIVEN = {"job", "instance", "le"}
"""Labels that Prometheus adds itself."""
PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"}


@pytest.fixture(scope="module")
def series() -> dict[str, set[str]]:
    """The labels of each series of a bot's first page, by its name."""
    metrics = Metrics()
    metrics.prepare(load_catalog(None, ("decart", "fal")), ("decart", "fal"))
    metrics.background_failures.labels("retention")
    metrics.events_unreadable.labels("MESSAGE_CREATE")
    found: dict[str, set[str]] = {}
    for line in metrics.page().decode().splitlines():
        if match := re.match(r"([a-z_]+)(?:\{(.*)\})? ", line):
            found.setdefault(match[1], set()).update(re.findall(r"(\w+)=\"", match[2] or ""))
    return found | {name: set() for name in PROCESS}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OPERATIONS / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    for panel in json.loads((OPERATIONS / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_each_expression_names_metrics_and_labels_that_exist(series: dict[str, set[str]], expression: str) -> None:
    named = set(NAME.findall(expression)) | set(re.findall(r"\bup\b", expression))
    assert named
    assert named - series.keys() - {"up"} == set()
    labels = {label for name in named & series.keys() for label in series[name]} | GIVEN
    for name, selector in SELECTOR.findall(expression):
        assert set(re.findall(r"(\w+)=~?\"", selector)) - series[name] - GIVEN == set()
    for grouped in GROUPED.findall(expression):
        assert {label.strip() for label in grouped.split(",")} - labels == set()


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_each_alert_says_what_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert set(rule["annotations"]) == {"summary", "action"}
    grouped = {label.strip() for group in GROUPED.findall(rule["expr"]) for label in group.split(",")}
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert shown <= grouped | ({"instance"} if not grouped else set())


def test_the_rules_and_the_dashboards_expressions_pass_promtool(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        reason = "promtool (Debian: prometheus) is not installed; the tests above check the same names"
        if "promtool" in os.environ.get("CLAPPER_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    filled = [dashboard_picture.expression(each, "clapper", "1m") for each in sorted(set(expressions()))]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(filled)]
    panels = tmp_path / "panels.yaml"
    panels.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", OPERATIONS / "alerts.yaml", panels], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_as_its_script_writes_it() -> None:
    assert dashboard.PAGE.read_text(encoding="utf-8") == dashboard.text(), "run `make generate`"


def test_names_follow_prometheus_conventions(series: dict[str, set[str]]) -> None:
    page = Metrics().page().decode()
    for name, kind in re.findall(r"^# TYPE (clapper_\w+) (\w+)$", page, re.MULTILINE):
        assert (kind == "counter") == name.endswith("_total"), name
        assert not name.endswith(("_ms", "_milliseconds", "_minutes", "_kilobytes")), name
    assert [name for name in series if name.endswith("_created")] == []


def test_the_operators_page_explains_every_metric() -> None:
    page = (REPO / "docs" / "operators.md").read_text(encoding="utf-8")
    table = page.partition("## Metrics")[2].partition("\n## ")[0]
    ours = set(re.findall(r"^# TYPE (clapper_\w+) ", Metrics().page().decode(), re.MULTILINE))
    assert set(re.findall(r"`(clapper_\w+)`", table)) == ours
