"""Logs, metrics and health."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import aiohttp
import pytest
import structlog
from aiohttp import web

from bot.errors import SettingsError
from bot.ops.health import HealthServer
from bot.ops.logs import HIDDEN, Redactor, set_up_logs
from bot.ops.metrics import Metrics
from bot.settings import Settings
from tests.clock import ManualClock

BOT_TOKEN = "MTE5ODYyMjQ4MzQ3MTkyNTI0OA" + ".GX1x2a." + "aB3_dE6-gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6k"


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    keys = {"discord_token": "discord-secret", "decart_api_key": "decart-secret", "fal_key": "fal-id:fal-secret"}
    settings = Settings.model_validate(keys)
    set_up_logs(settings, stream)
    yield stream
    root.handlers[:], root.level = before


def test_a_log_line_is_json_with_the_jobs_and_servers_ids(logs: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(job="abc", guild=7):
        logging.getLogger("bot.work").info("job %s is %s", "abc", "pending")
    line = json.loads(logs.getvalue())
    assert (line["job"], line["guild"], line["level"], line["event"]) == ("abc", 7, "info", "job abc is pending")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "text",
    [
        "decart-secret",
        "header X-API-KEY: decart-secret.",
        "Authorization: Key fal-id:fal-secret",
        f"Bot {BOT_TOKEN}",
        "PATCH https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb246MTIz.x_y-z/messages/@original",
        "POST /interactions/123/aW50ZXJhY3Rpb246MTIz/callback",
        "https://cdn.discordapp.com/a/b/cat.png?ex=1&is=2&hm=deadbeef",
        "postgresql+psycopg://user:pass-word@host/db",
        "{'op': 0, 'd': {'type': 2, 'token': 'aW50ZXJhY3Rpb246MTIz.x_y-z', 'id': '1'}}",
        '{"type": 2, "token": "aW50ZXJhY3Rpb246MTIz.x_y-z"}',
    ],
)
def test_secrets_never_reach_the_log(logs: io.StringIO, text: str) -> None:
    logging.getLogger("x").warning("saw %s", text)
    logging.getLogger("x").error("failed", exc_info=RuntimeError(text))
    for part in ("decart-secret", "fal-secret", BOT_TOKEN, "aW50ZXJhY3Rpb246MTIz", "deadbeef", "pass-word"):
        assert part not in logs.getvalue()
    assert logs.getvalue().count(HIDDEN) >= 2


def test_at_debug_libraries_do_not_write_whole_events_and_bodies() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        set_up_logs(
            Settings.model_validate({"discord_token": "t", "decart_api_key": "k", "log_level": "DEBUG"}), stream
        )
        for name in ("discord.gateway", "discord.http"):
            logging.getLogger(name).debug("all that members wrote")
        logging.getLogger("bot.work").debug("ours")
    finally:
        root.handlers[:], root.level = before
    assert "ours" in stream.getvalue()
    assert "members" not in stream.getvalue()


def test_prompts_are_written_at_debug_alone() -> None:
    redactor = Redactor()
    assert redactor(None, "info", {"event": "x", "level": "info", "prompt": "a cat"}) == {"event": "x", "level": "info"}
    assert redactor(None, "debug", {"event": "x", "level": "debug", "prompt": "a cat"})["prompt"] == "a cat"


def test_plain_text_for_people_is_one_line(logs: io.StringIO) -> None:
    stream = io.StringIO()
    settings = Settings.model_validate({"discord_token": "t", "decart_api_key": "k", "log_format": "console"})
    set_up_logs(settings, stream)
    logging.getLogger("bot").info("hello")
    assert "hello" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.asyncio
async def test_health_readiness_and_metrics_answer_over_http() -> None:
    ready, metrics = [True], Metrics()

    async def check() -> bool:
        return ready[0]

    async def breaks() -> bool:
        raise OSError

    server = HealthServer(host="127.0.0.1", port=0, metrics=metrics, clock=ManualClock(), checks={"database": check})
    broken = HealthServer(
        host="127.0.0.1", port=0, metrics=metrics, clock=ManualClock(), checks={"database": check, "discord": breaks}
    )
    url = f"http://127.0.0.1:{await server.start()}"
    broken_url = f"http://127.0.0.1:{await broken.start()}"
    metrics.accepted.labels("lucy-pro-t2v").inc()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/healthz") as answer:
            assert answer.status == 200
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, (await answer.json())["ready"]) == (200, True)
        ready[0] = False
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 503
        async with session.get(f"{broken_url}/readyz") as answer:
            assert (await answer.json())["checks"] == {"database": False, "discord": False}
        async with session.get(f"{url}/metrics") as answer:
            assert 'clapper_jobs_accepted_total{model="lucy-pro-t2v"} 1.0' in await answer.text()
    await broken.stop()
    await server.stop()


@pytest.mark.asyncio
async def test_a_stop_does_not_wait_for_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ops.health.STOP_SECONDS", 0.05)

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"x")
        await asyncio.Event().wait()
        return answer

    server = HealthServer(
        host="127.0.0.1", port=0, metrics=Metrics(), clock=ManualClock(), checks={}, routes=[web.get("/film", endless)]
    )
    url = f"http://127.0.0.1:{await server.start()}"
    async with aiohttp.ClientSession() as session, session.get(f"{url}/film") as answer:
        assert await answer.content.readany() == b"x"
        await asyncio.wait_for(server.stop(), 20)  # aiohttp's own is a minute


@pytest.mark.asyncio
async def test_a_taken_port_is_a_setting_to_mend() -> None:
    first = HealthServer(host="127.0.0.1", port=0, metrics=Metrics(), clock=ManualClock(), checks={})
    port = await first.start()
    second = HealthServer(host="127.0.0.1", port=port, metrics=Metrics(), clock=ManualClock(), checks={})
    with pytest.raises(SettingsError, match="HTTP_PORT"):
        await second.start()
    await first.stop()
