"""What the log says of jobs, of a gateway that is away, and what of it is reported elsewhere."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
import structlog
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from bot.errors import SettingsError
from bot.ops.job_fields import JOB_FIELDS
from bot.ops.logs import HIDDEN, Redactor, set_up_logs
from bot.ops.reports import set_up_reports
from bot.settings import Settings
from tests.jobs import GUILD, a_job

ROOT = Path(__file__).parents[2]
PLAIN = {"discord_token": "discord-secret", "decart_api_key": "k"}


FORGED = "a cat\n2026-01-01T00:00:00.000000Z [info     ] all is well\r\x1b[2J\x9b\u202e\u2028\x00"


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logs(Settings.model_validate(PLAIN), stream)
    yield stream
    root.handlers[:], root.level = before
    JOB_FIELDS.shard_count = None


def lines(logs: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logs.getvalue().splitlines()]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_nobody_forges_a_line_or_moves_a_terminal_with_what_is_logged(logs: io.StringIO, log_format: str) -> None:
    set_up_logs(Settings.model_validate(PLAIN | {"log_format": log_format}), logs)
    logging.getLogger("x").warning("the service says: %s", FORGED)
    logging.getLogger("x").error("it broke", exc_info=ValueError(FORGED))
    with structlog.contextvars.bound_contextvars(server=FORGED):
        logging.getLogger("x").warning("hello", stack_info=True)
    text = logs.getvalue()
    assert not set(text) - {"\n"} & {chr(n) for n in (*range(32), *range(127, 160), 0x202E, 0x2028)}
    begun = [line for line in text.split("\n") if line.startswith(("2026-01-01", '{"event": "2026-01-01'))]
    assert begun == []
    assert text.count("all is well") == 3
    whole = [line for line in text.split("\n") if line and not line.startswith(" ")]
    assert len(whole) == 3, whole


def test_every_line_about_a_job_has_its_fields_whoever_writes_it(logs: io.StringIO) -> None:
    job = a_job(accepted_at=datetime.now(UTC) - timedelta(seconds=30))
    JOB_FIELDS.shard_count = 7
    JOB_FIELDS.note(job, "fal")
    logging.getLogger("bot.anywhere").warning("the reply of job %s was not edited", job.id)
    (line,) = lines(logs)
    expected = {"job": job.id, "guild": GUILD, "user": job.requester.user_id, "model": job.request.model}
    assert {name: line[name] for name in expected} == expected
    assert (line["service"], line["shard"]) == ("fal", (GUILD >> 22) % 7)
    assert 30 <= line["seconds"] < 90


def test_a_line_about_a_job_that_was_not_met_has_its_id_and_others_have_none(logs: io.StringIO) -> None:
    logging.getLogger("x").info("job %s is taken", "f" * 32)
    logging.getLogger("x").info("12 old jobs were deleted")
    known, other = lines(logs)
    assert known["job"] == "f" * 32
    assert known.keys() & {"guild", "user", "model"} == set()
    assert "job" not in other


def fail_to_connect(shard: int) -> None:
    """As discord.py 2.7.1 says it (shard.py:166)."""
    error = OSError("Cannot connect to host gateway.discord.gg:443")
    message = "Attempting a reconnect for shard ID %s in %.2fs"
    logging.getLogger("discord.shard").error(message, shard, 3.0, exc_info=error)


def test_a_gateway_that_is_away_is_one_line_and_so_is_its_return(logs: io.StringIO) -> None:
    for _ in range(5):
        fail_to_connect(0)
    fail_to_connect(1)
    logging.getLogger("discord.gateway").info("Shard ID %s has connected to Gateway (Session ID: %s).", 0, "abc")
    fail_to_connect(0)
    said = [line["event"] for line in lines(logs)]
    away = "Discord's gateway is away for shard %d (OSError: Cannot connect to host gateway.discord.gg:443); "
    away += "it is tried again until it is back"
    assert said == [away % 0, away % 1, "Shard ID 0 has connected to Gateway (Session ID: abc).", away % 0]
    assert "Traceback" not in logs.getvalue()


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__({})
        self.sent: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent += [item.payload.json for item in envelope.items]


def break_with(prompt: str) -> None:
    def act() -> None:
        raise RuntimeError(f"failed with discord-secret after {len(prompt)} characters")

    try:
        act()
    except RuntimeError:
        logging.getLogger("bot.work").exception("job %s met an error of ours", "f" * 32)


def test_an_error_of_ours_is_reported_without_secrets() -> None:
    kept = Kept()
    settings = Settings.model_validate(PLAIN | {"sentry_dsn": "https://public@errors.example.org/1"})
    set_up_reports(settings, Redactor(["discord-secret"]).hide, transport=kept)
    try:
        break_with("a cat that nobody else should hear of")
        sentry_sdk.flush()
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
    (event,) = kept.sent
    text = json.dumps(event)
    assert event["release"].startswith("clapper@")
    assert f"failed with {HIDDEN}" in text
    assert "discord-secret" not in text
    assert "nobody else" not in text, "variables stay here"


def test_reports_need_their_library_and_an_address_that_can_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(PLAIN | {"sentry_dsn": "nowhere"})
    with pytest.raises(SettingsError, match="SENTRY_DSN can't be used"):
        set_up_reports(settings, str)
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(SettingsError, match=r"clapper-bot\[sentry\]"):
        set_up_reports(settings, str)
    set_up_reports(Settings.model_validate(PLAIN), str)


def test_every_line_that_our_code_writes_about_a_job_names_it_so_that_its_fields_are_found() -> None:
    nameless = []
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "cogs").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.") and node.args:
                given = [ast.unparse(part) for part in node.args[1:]]
                is_about_one = any(re.search(r"\bjob_id$|\b_?(job|row)\.id$", part) for part in given)
                if is_about_one and "job %s" not in ast.unparse(node.args[0]):
                    nameless.append(f"{path}:{node.lineno}")
    assert nameless == []
