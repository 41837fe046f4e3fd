"""Requests that discord.py would not send by itself, sent by hand: the stand-in refuses them as Discord does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.discord import DiscordStandIn, Invocation, StandInClock
from tests.adapters.sandbox_discord_bot import standin_fixture  # noqa: F401
from tests.clock import ManualClock

PLACE = "Film Club#general"


class Raw:
    """Speaks REST without any library's help."""

    def __init__(self, session: aiohttp.ClientSession, standin: DiscordStandIn) -> None:
        self.session = session
        self.standin = standin

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {self.standin.token}"}
        url = self.standin.api_url + path
        async with self.session.request(method, url, json=body, headers=headers, **more) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None

    async def answer(self, job: Invocation, kind: int, data: Any = None) -> tuple[int, int]:
        token = job.interaction.token
        status, body = await self.ask("POST", f"/interactions/{job.id}/{token}/callback", {"type": kind, "data": data})
        return status, body["code"] if body else 0

    def hook(self, job: Invocation) -> str:
        return f"/webhooks/{self.standin.application_id}/{job.interaction.token}"


@pytest_asyncio.fixture
async def raw(standin: DiscordStandIn) -> AsyncIterator[Raw]:
    command = {"name": "do", "description": "x", "options": [
        {"type": 3, "name": "model", "description": "x", "autocomplete": True}]}  # fmt: skip
    standin.core.commands.overwrite(None, [command])
    async with aiohttp.ClientSession() as session:
        yield Raw(session, standin)


@pytest.mark.asyncio
async def test_the_bots_servers_are_listed_with_what_its_roles_allow(standin: DiscordStandIn, raw: Raw) -> None:
    for role in standin.guild("Test Kitchen").roles.values():
        role.permissions = 1 << 10
    status, servers = await raw.ask("GET", "/users/@me/guilds?limit=200")
    assert (status, [server["name"] for server in servers]) == (200, ["Film Club", "Test Kitchen"])
    assert (servers[1]["permissions"], servers[1]["owner"]) == (str(1 << 10), False)


@pytest.mark.asyncio
async def test_each_kind_of_interaction_takes_only_its_kinds_of_answer(standin: DiscordStandIn, raw: Raw) -> None:
    ada = standin.member("Ada")
    job = await ada.slash(PLACE, "do")
    for kind in (1, 6, 7, 8, 99):
        assert await raw.answer(job, kind) == (400, 50035)
    assert await raw.answer(job, 5, {"flags": 1 << 15}) == (400, 50035)
    assert await raw.answer(job, 5, {"flags": 64}) == (204, 0)
    begun = standin.actions.autocomplete(ada.user, standin.channel(PLACE), "do", focused="model", options={})
    typed = Invocation(standin.core, begun)
    choices = [{"name": str(n), "value": str(n)} for n in range(26)]
    assert await raw.answer(typed, 4, {"content": "x"}) == (400, 50035)
    assert await raw.answer(typed, 8, {"choices": choices}) == (400, 50035)
    assert await raw.answer(typed, 8, {"choices": choices[:25]}) == (204, 0)


@pytest.mark.asyncio
async def test_a_form_can_not_be_answered_with_a_form(standin: DiscordStandIn, raw: Raw) -> None:
    ada = standin.member("Ada")
    field: dict[str, Any] = {"type": 1, "components": [{"type": 4, "custom_id": "w", "label": "Words", "style": 1}]}
    form: dict[str, Any] = {"title": "Ask", "custom_id": "ask", "components": [field]}
    job = await ada.slash(PLACE, "do")
    for bad in (
        form | {"components": []},
        form | {"components": [field] * 6},
        form | {"custom_id": "x" * 101},
        form | {"components": [{"type": 18, "label": "x" * 46, "component": field["components"][0]}]},
        form | {"components": [{"type": 18, "label": "x", "component": {"type": 2, "custom_id": "b"}}]},
        form
        | {"components": [{"type": 18, "label": "x", "component": {"type": 19, "custom_id": "f", "max_values": 11}}]},
    ):
        assert await raw.answer(job, 9, bad) == (400, 50035)
    assert await raw.answer(job, 9, form) == (204, 0)
    sent = await ada.submit_modal(job, {"Words": "hello"})
    assert sent.interaction.data["components"][0]["components"][0]["value"] == "hello"
    assert await raw.answer(sent, 9, form) == (400, 50035)
    assert await raw.answer(sent, 7, {"content": "x"}) == (400, 50035)
    assert await raw.answer(sent, 4, {"content": "thanks"}) == (204, 0)
    assert (sent.message or {})["interaction_metadata"]["triggering_interaction_metadata"]["id"] == job.id


@pytest.mark.asyncio
async def test_a_token_works_only_after_the_answer_and_only_for_its_own_messages(
    standin: DiscordStandIn, raw: Raw
) -> None:
    ada = standin.member("Ada")
    job = await ada.slash(PLACE, "do")
    original = raw.hook(job) + "/messages/@original"
    status, body = await raw.ask("PATCH", original, {"content": "x"})
    assert (status, body["code"]) == (404, 10015)
    other = await ada.say(PLACE, "hers")
    await raw.answer(job, 4, {"content": "hi"})
    assert (await raw.ask("PATCH", original, {"content": "x"}))[0] == 200
    status, body = await raw.ask("PATCH", raw.hook(job) + f"/messages/{other['id']}", {"content": "x"})
    assert (status, body["code"]) == (404, 10008)
    status, body = await raw.ask("GET", f"/webhooks/{standin.application_id}/nonsense/messages/@original")
    assert (status, body["code"]) == (401, 50027)
    status, body = await raw.ask("POST", f"/interactions/1/{job.interaction.token}/callback", {"type": 5})
    assert (status, body["code"]) == (404, 10062)
    assert (await raw.ask("DELETE", original))[0] == 204
    status, body = await raw.ask("GET", original)
    assert (status, body["code"]) == (404, 10008)


@pytest.mark.asyncio
async def test_broken_and_misplaced_requests_are_refused(standin: DiscordStandIn, raw: Raw) -> None:
    place = f"/channels/{standin.channel(PLACE).id}/messages"
    headers = {"Authorization": f"Bot {standin.token}", "Content-Type": "application/json"}
    async with raw.session.post(standin.api_url + place, data=b"{", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)
    bodies: list[Any] = [[], {"content": 5}, {"content": "x", "embeds": "y"}, {"content": "x", "components": {}},
                 {"content": "x", "attachments": [{"id": 7}]},
                 {"content": "x", "message_reference": {"message_id": "1"}},
                 {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}]  # fmt: skip
    for body in bodies:
        status, answer = await raw.ask("POST", place, body)
        assert (status, answer["code"]) == (400, 50035), body
    assert (await raw.ask("GET", place + "?limit=101"))[0] == 400
    assert await raw.ask("GET", "/nowhere") == (404, {"message": "404: Not Found", "code": 0})
    assert (await raw.ask("GET", "/users/1"))[1]["code"] == 10013
    assert (await raw.ask("GET", "/guilds/1"))[1]["code"] == 10004
    assert (await raw.ask("PUT", "/applications/1/commands", []))[0] == 403


@pytest.mark.asyncio
async def test_a_forged_press_reaches_the_bot(standin: DiscordStandIn, raw: Raw) -> None:
    ada = standin.member("Ada")
    job = await ada.slash(PLACE, "do")
    await raw.answer(job, 4, {"content": "no buttons here"})
    forged = await ada.press(job, "clapper:delete:1", raw=True)
    assert forged.interaction.data["custom_id"] == "clapper:delete:1"
    assert await raw.answer(forged, 6) == (204, 0)
    assert (job.message or {})["content"] == "no buttons here"


@pytest.mark.asyncio
async def test_guild_objects_can_be_fetched(standin: DiscordStandIn, raw: Raw) -> None:
    guild = standin.guild("Film Club")
    ada = standin.member("Ada")
    for path in ("", "/channels", "/roles", f"/members/{ada.id}"):
        assert (await raw.ask("GET", f"/guilds/{guild.id}{path}"))[0] == 200
    assert (await raw.ask("GET", f"/channels/{standin.channel(PLACE).id}"))[0] == 200
    assert (await raw.ask("POST", f"/channels/{standin.channel(PLACE).id}/typing"))[0] == 204
    assert (await raw.ask("GET", f"/users/{ada.id}"))[1]["global_name"] == "Ada"


@pytest.mark.asyncio
async def test_downloads_can_be_sent_astray(standin: DiscordStandIn, raw: Raw) -> None:
    said = await standin.member("Ada").say(PLACE, "", [("a.png", b"a")])
    standin.faults.cdn_redirect = "http://127.0.0.1:1/elsewhere"
    async with raw.session.get(said["attachments"][0]["url"], allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "http://127.0.0.1:1/elsewhere")
    standin.faults.clear()
    standin.faults.cdn_status = 500
    async with raw.session.get(said["attachments"][0]["url"]) as response:
        assert response.status == 500


@pytest.mark.asyncio
async def test_the_time_can_be_a_tests_own() -> None:
    manual = ManualClock(start=datetime(2026, 11, 22, 12, tzinfo=UTC))
    async with DiscordStandIn(clock=StandInClock(manual.now)) as standin:
        standin.core.commands.overwrite(None, [{"name": "do", "description": "x"}])
        job = await standin.member("Ada").slash(PLACE, "do")
        assert job.interaction.created == manual.now()
        await manual.advance(3)
        standin.clock.run_due()
        assert job.failed == "The application did not respond"
