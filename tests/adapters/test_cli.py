"""`python -m bot` as an operator meets it: one plain line and exit code 2 where something must be set or mended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from bot import cli
from bot.app import App
from sandbox.discord import DiscordStandIn
from sandbox.fal import FalStandIn
from sandbox.launch import addresses
from sandbox.queue_api import QueueStandIn
from tests.fork_server import Program, spawn

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
DOCKER_STOP_SECONDS = 10.0
"""After so long Docker kills what it asked to stop."""


@dataclass
class Ended:
    """How a command went."""

    code: int
    out: str
    err: str


@dataclass
class Operator:
    """Somebody in an empty folder with working settings, of which each command may be given others."""

    folder: Path
    settings: dict[str, str]
    discord: DiscordStandIn

    def environment(self, **changes: str) -> dict[str, str]:
        """The settings with `changes`, of which "-" takes one away."""
        plain = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "COVERAGE_FILE"}}
        chosen = plain | {"PYTHONPATH": str(ROOT)} | self.settings | changes
        return {name: value for name, value in chosen.items() if value != "-"}

    async def start(self, *command: str, **changes: str) -> Program:
        return await spawn("bot", *command, cwd=self.folder, env=self.environment(**changes))

    async def start_by_exec(self, **changes: str) -> Program:
        """By a new interpreter, as an operator does it."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error::ResourceWarning", "-m", "bot", cwd=self.folder,
            env=self.environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    async def call(self, *command: str, **changes: str) -> Ended:
        process = await self.start(*command, **changes)
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def refused(self, *command: str, **changes: str) -> str:
        """The one line that the command must end with, without any other."""
        ended = await self.call(*command, **changes)
        lines = [line for line in ended.err.splitlines() if not _is_log(line)]
        assert ended.code == 2, ended
        assert "Traceback" not in ended.err
        assert len(lines) == 1, ended.err
        return lines[0]


def _is_log(line: str) -> bool:
    return line.startswith(("{", "20"))


@pytest_asyncio.fixture
async def service() -> AsyncIterator[QueueStandIn]:
    async with QueueStandIn(processing_seconds=600) as standin:
        yield standin


@pytest_asyncio.fixture
async def operator(tmp_path: Path, service: QueueStandIn) -> AsyncIterator[Operator]:
    async with DiscordStandIn() as discord:
        yield Operator(
            tmp_path,
            addresses(discord, service) | {"HTTP_PORT": "0"},
            discord,
        )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DISCORD_TOKEN": "-"}, "DISCORD_TOKEN is not set"),
        ({"DECART_API_KEY": "-"}, "DECART_API_KEY is not set"),
        ({"DECART_BASE_URL": "api.decart.ai"}, "DECART_BASE_URL can't be used"),
        ({"DECART_API_KEY": "schlüssel"}, "DECART_API_KEY"),
        ({"DISCORD_TOKEN": "a-wrong-token"}, "Discord refuses DISCORD_TOKEN"),
        ({"DISCORD_API_BASE_URL": "http://127.0.0.1:1/api/v10"}, "Discord can't be reached"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL can't be used"),
        ({"DATABASE_URL": "postgresql+psycopg://u:hunter2@127.0.0.1:1/none"}, "DATABASE_URL"),
        ({"DATA_DIR": "/proc/nowhere"}, "DATA_DIR"),
        ({"SECRET_KEYS": "short"}, "SECRET_KEYS"),
        ({"CATALOG_FILE": "missing.toml"}, "CATALOG_FILE"),
        ({"FILES_URL": "ftp://x"}, "FILES_URL"),
    ],
)
async def test_bad_settings_end_with_one_plain_line_that_says_what_to_set(
    operator: Operator, changes: Mapping[str, str], words: str
) -> None:
    line = await operator.refused("run", **changes)
    assert words in line
    assert "hunter2" not in line


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[str]:
    """A server that is not Discord, which answers what its path begins with: a status, `html`, `json` or a `cut`."""

    async def handle(request: web.Request) -> web.Response:
        match request.path.split("/")[1]:
            case "html":
                return web.Response(text="<html>Welcome</html>", content_type="text/html")
            case "json":
                return web.json_response({"hello": "world"})
            case "cut":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case status:
                return web.json_response({"message": "no"}, status=int(status))

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "ok    FAL_KEY: taken by http://127.0.0.1:"),
        ({"FAL_KEY": "wrong:key"}, "MEND  FAL_KEY: the service refuses it (HTTP 401)"),
        ({"FAL_BASE_URL": "http://127.0.0.1:1"}, "MEND  FAL_KEY: http://127.0.0.1:1 can't be used"),
        ({"FAL_KEY": ""}, ""),
    ],
)
async def test_the_doctor_asks_the_second_service_for_nothing(
    operator: Operator, changes: Mapping[str, str], words: str
) -> None:
    async with FalStandIn() as fal:
        ended = await operator.call("doctor", **{"FAL_KEY": fal.key, "FAL_BASE_URL": fal.url, **changes})
        assert fal.submits == []
    assert words in ended.out
    assert ("FAL_KEY" in ended.out) == bool(words)


@pytest.mark.asyncio
async def test_the_doctor_asks_a_service_that_is_away_once_and_its_table_once(operator: Operator) -> None:
    asked: Counter[str] = Counter()

    async def handle(request: web.BaseRequest) -> web.Response:
        asked[f"{request.method} {request.path}"] += 1
        return web.json_response({"detail": "away"}, status=503)

    async with RawTestServer(handle) as away:
        address = str(away.make_url("")).rstrip("/")
        ended = await operator.call("doctor", FAL_KEY="a:key", FAL_BASE_URL=address, DECART_BASE_URL=address)
    assert f"MEND  FAL_KEY: {address} can't be used: " in ended.out
    assert f"MEND  DECART_API_KEY: {address} can't be used: " in ended.out
    assert asked
    assert max(asked.values()) <= 2, asked


@pytest.mark.asyncio
async def test_the_doctors_table_says_which_models_are_served_and_which_commands_have_none(
    operator: Operator, service: QueueStandIn
) -> None:
    service.retired |= {"lucy-2.5", "lucy-motion"}
    async with FalStandIn(retired=["fal-ai/wan/v2.7/text-to-video"]) as fal:
        ended = await operator.call("doctor", FAL_KEY=fal.key, FAL_BASE_URL=fal.url)
        assert (fal.submits, service.submits) == ([], [])
    rows = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "/edit lucy-2.5 decart no (the usual one), last seen 2026-08-01" in rows
    assert "/edit lucy-2.1 decart yes" in rows
    assert "/t2v veo-3.1-lite fal yes (the usual one)" in rows
    assert "/t2v wan-2.7-t2v fal no" in rows, "its app is gone"
    assert "/motion lucy-motion decart no (the usual one), last seen 2026-05" in rows
    assert [row for row in rows if "no model: set the key" in row] == [
        "/motion - - no model: set the key of the other service, or add a model in CATALOG_FILE"
    ]
    silent = await operator.call("doctor", DECART_API_KEY="wrong")
    assert "not known: whether lucy-pro-t2v is served: 401" in silent.out
    assert ended.code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("404", "answers HTTP 404: check DISCORD_API_BASE_URL"),
        ("403", "answers HTTP 403: check DISCORD_API_BASE_URL"),
        ("429", "HTTP 429"),
        ("html", "does not answer as Discord does: check DISCORD_API_BASE_URL"),
        ("json", "does not answer as Discord does: check DISCORD_API_BASE_URL"),
        ("cut", "Discord can't be reached"),
    ],
)
async def test_an_address_that_is_not_discords_is_said_in_one_line(
    operator: Operator, elsewhere: str, path: str, words: str
) -> None:
    assert words in await operator.refused("run", DISCORD_API_BASE_URL=f"{elsewhere}/{path}")


@pytest.mark.asyncio
async def test_an_unknown_name_in_the_env_file_is_named(operator: Operator) -> None:
    (operator.folder / ".env").write_text("DECART_APY_KEY=x\n")
    assert "DECART_APY_KEY in .env is not a setting" in await operator.refused()


@pytest.mark.parametrize(
    ("settings", "program"),
    [
        (b"", "sandbox"),
        (b"DISCORD_TOKEN=\n", "sandbox"),
        (b"DISCORD_TOKEN= # mine\n", "sandbox"),
        (b"# DISCORD_TOKEN=t\n", "sandbox"),
        (b"DECART_API_KEY=k\nDISCORD_TOKEN=t\n", "bot"),
        (b"  export DISCORD_TOKEN = 't'\r\n", "bot"),
        (b"\xef\xbb\xbfDISCORD_TOKEN=t\r\n", "bot"),
    ],
)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_make_run_starts_the_bot_where_there_is_a_token_and_else_the_playground(
    tmp_path: Path, settings: bytes, program: str, locale: str
) -> None:
    (tmp_path / ".env").write_bytes(settings)
    done = subprocess.run(
        ["sh", str(ROOT / "scripts" / "run"), "echo"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LC_ALL": locale},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == f"-m {program}\n"


@pytest.mark.asyncio
async def test_a_port_that_is_taken_is_named(operator: Operator) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "HTTP_PORT" in await operator.refused("run", HTTP_PORT=str(taken.getsockname()[1]))


@pytest.mark.asyncio
async def test_a_worker_without_postgresql_says_what_it_needs(operator: Operator) -> None:
    assert "DATABASE_URL=postgresql+psycopg://" in await operator.refused("worker")


@pytest.mark.asyncio
async def test_the_bot_becomes_ready_refuses_a_second_one_and_stops_in_time(operator: Operator) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    readable = {"FAL_KEY": "a:key", "FAL_BASE_URL": "http://fal.invalid", "CHECK_MODELS_HOURS": "0"}
    process = await operator.start_by_exec(HTTP_PORT=str(port), **readable)
    try:
        await _says(process, "FAL_BASE_URL is not encrypted (http://): who listens on the way to fal.invalid can read")
        await _ready(f"http://127.0.0.1:{port}/readyz")
        assert "another Clapper already runs" in await operator.refused("run")
        assert "another Clapper already runs" in await operator.refused("migrate")
        (operator.folder / ".env").write_text("KEEP_DAYS=7\nOPERATOR_LIMITS=everyone 3 jobs day\n")
        process.send_signal(signal.SIGHUP)
        await _says(process, "1 limits of yours, LOG_LEVEL=INFO; at the next start: KEEP_DAYS")
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    assert b"Clapper has stopped" in err
    assert b"not everything was closed in time" not in err
    assert cli.STOP_SECONDS < DOCKER_STOP_SECONDS
    assert b"Traceback" not in err
    token = operator.settings["DISCORD_TOKEN"].encode()
    assert token not in err


async def _says(process: Program, words: str) -> None:
    assert process.stderr
    async with asyncio.timeout(PATIENCE_SECONDS):
        while words not in (line := (await process.stderr.readline()).decode()):
            assert line, "it ended"


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(600):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise AssertionError("it never became ready")


@pytest.mark.asyncio
async def test_a_stop_during_the_start_is_heeded(operator: Operator) -> None:
    process = await operator.start()
    assert process.stderr
    await asyncio.wait_for(process.stderr.readline(), PATIENCE_SECONDS)
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err


@pytest.mark.asyncio
async def test_migrate_makes_the_database_and_says_so(operator: Operator) -> None:
    ended = await operator.call("migrate")
    assert (ended.code, ended.out) == (0, "the database is up to date\n"), ended.err
    assert (operator.folder / "data" / "clapper.sqlite3").exists()


@pytest.mark.asyncio
async def test_sync_sends_the_commands(operator: Operator) -> None:
    ended = await operator.call("sync")
    assert ended.code == 0, ended.err
    assert "the commands were sent" in ended.out


@pytest.mark.asyncio
async def test_the_doctor_finds_everything_fine(operator: Operator) -> None:
    ended = await operator.call("doctor", OPERATOR_LIMITS="none")
    assert ended.code == 0, ended
    assert "MEND" not in ended.out
    assert "OPERATOR_LIMITS: nothing limits what a member makes in direct messages" in ended.out
    assert "permissions: it has what it needs, in 2 servers" in ended.out
    assert "libx264" in ended.out
    assert "ok    strangers' files: their processes are walled in\n" in ended.out
    assert list(operator.folder.iterdir()) == [], "a doctor changes nothing"


@pytest.mark.asyncio
async def test_the_doctor_says_all_that_it_can_while_a_token_is_missing(operator: Operator) -> None:
    (operator.folder / ".env").write_text("DECART_APY_KEY=x\nJOBS_AT_ONCE=many\n")
    ended = await operator.call("doctor", DISCORD_TOKEN="-")
    assert ended.code == 1
    marks = [line.split("  ")[0] for line in ended.out.splitlines()]
    assert marks.count("MEND") == 3
    assert "MEND  settings: DISCORD_TOKEN is not set" in ended.out
    assert "MEND  settings: JOBS_AT_ONCE=many: a whole number, 1 or more" in ended.out
    assert "MEND  settings: DECART_APY_KEY in .env is not a setting" in ended.out
    assert "ok    DECART_API_KEY: taken by" in ended.out
    assert "ok    clock: within seconds of Discord's" in ended.out
    assert "ok    OPERATOR_LIMITS: everyone 50 jobs day" in ended.out


@pytest.mark.asyncio
async def test_the_doctor_tells_programs_the_same_and_invites_with_what_is_needed(operator: Operator) -> None:
    ended = await operator.call("doctor", "--json", OPERATOR_LIMITS="everyone 3 jobs day,bot 9 cost day")
    found = {finding["name"]: finding for finding in json.loads(ended.out)}
    assert ended.code == 0
    assert all(finding["fine"] for finding in found.values())
    assert found["OPERATOR_LIMITS"]["advice"] == "everyone 3 jobs day,bot 9 cost day"
    _, _, query = found["invitation"]["advice"].partition("&")
    assert f"client_id=APP_ID&{query}`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DISCORD_TOKEN": "wrong"}, "DISCORD_TOKEN: Discord refuses it"),
        ({"DISCORD_API_BASE_URL": "http://127.0.0.1:1"}, "Discord: "),
        ({"MESSAGE_CONTENT_INTENT": "on"}, "message content intent: "),
        ({"DECART_API_KEY": "wrong"}, "DECART_API_KEY: the service refuses it"),
        ({"DATABASE_URL": "postgresql+psycopg://u@127.0.0.1:1/none"}, "database: "),
        ({"DATA_DIR": "/proc/nowhere"}, "DATA_DIR: "),
        ({"CATALOG_FILE": "missing.toml"}, "CATALOG_FILE: missing.toml can't be read"),
        ({"FILES_URL": "ftp://x"}, "FILES_URL: "),
        ({"FILES_URL": "file:///proc/nowhere"}, "FILES_URL: /proc/nowhere can't be written"),
        ({"SECRET_KEYS": "short"}, "SECRET_KEYS: "),
    ],
)
async def test_the_doctor_says_what_to_mend(operator: Operator, changes: Mapping[str, str], words: str) -> None:
    ended = await operator.call("doctor", **changes)
    assert ended.code == 1, ended
    assert f"MEND  {words}" in ended.out
    assert "Traceback" not in ended.err


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("503", "Discord: {url} answers HTTP 503: wait and try again"),
        ("429", "Discord: {url} answers HTTP 429: wait and try again"),
        ("404", "Discord: {url} does not answer as Discord does: check DISCORD_API_BASE_URL"),
        ("html", "Discord: {url} does not answer as Discord does: check DISCORD_API_BASE_URL"),
    ],
)
async def test_the_doctor_does_not_blame_the_token_for_what_is_not_its_fault(
    operator: Operator, elsewhere: str, path: str, words: str
) -> None:
    address = f"{elsewhere}/{path}"
    ended = await operator.call("doctor", DISCORD_API_BASE_URL=address)
    assert f"MEND  {words.format(url=f'{address}/applications/@me')}\n" in ended.out
    assert "DISCORD_TOKEN" not in ended.out


@pytest.mark.asyncio
async def test_the_doctor_knows_what_is_no_web_server(operator: Operator) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        address = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"
        ended = await operator.call("doctor", DISCORD_API_BASE_URL=address)
    assert ended.code == 1
    assert f"MEND  Discord: {address}/applications/@me " in ended.out
    assert "Traceback" not in ended.err


@pytest.mark.asyncio
async def test_a_crash_is_one_also_where_the_stop_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    left: list[int] = []
    gone, loop = asyncio.Event(), asyncio.get_running_loop()

    class Crashing:
        async def start(self) -> None:
            pass

        async def run(self) -> None:
            raise RuntimeError("the gateway is lost for good")

        async def stop(self) -> None:
            await gone.wait()

    def leave(code: int) -> None:
        left.append(code)
        loop.call_soon_threadsafe(gone.set)

    monkeypatch.setattr(cli, "STOP_SECONDS", 0.01)
    monkeypatch.setattr(cli, "hide_memory", lambda: None)
    monkeypatch.setattr(cli, "_spare_the_collector", lambda: None)
    monkeypatch.setattr("logging.shutdown", lambda: None)
    monkeypatch.setattr("os._exit", leave)
    with pytest.raises(RuntimeError, match="lost for good"):
        await cli._until_stopped(cast("App", Crashing()))
    assert left == [1]
    assert "lost for good" in caplog.text


@pytest.mark.asyncio
async def test_the_doctor_names_the_permissions_that_a_server_does_not_give(operator: Operator) -> None:
    for role in operator.discord.guild("Test Kitchen").roles.values():
        role.permissions &= ~(1 << 15) & ~(1 << 3)
    ended = await operator.call("doctor")
    assert ended.code == 1
    assert "MEND  permissions: missing in Test Kitchen (Attach Files): " in ended.out


@pytest.mark.asyncio
async def test_the_doctor_finds_a_bucket_that_is_not_there(operator: Operator, elsewhere: str) -> None:
    aws = {"AWS_ENDPOINT_URL": f"{elsewhere}/404", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    ended = await operator.call("doctor", FILES_URL="s3://bucket/clapper", **aws)
    assert "MEND  FILES_URL: s3://bucket/clapper can't be used" in ended.out
    assert "Traceback" not in ended.err
