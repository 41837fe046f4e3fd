"""A client of the stand-in Discord's control surface: does as a member what a person does on the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.command_text import CommandCall

Json = dict[str, Any]
LONGEST_EVENT = 1 << 20
MESSAGE_MENU = 3


class ControlRefused(Exception):
    """The stand-in refused, as Discord's own client would have; `str()` is its sentence."""


class ControlClient:
    """Acts as one member. `session` is closed by the caller; `base_url` is the stand-in's address."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, user_id: str | None = None) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self.user_id = user_id

    async def world(self) -> Json:
        """Who and what there is, with the registered commands."""
        return await self._answer(await self._session.get(self._at("state"), params=self._me()))

    async def become(self, name: str) -> None:
        """Act as the user of this name from now on. Raises `ControlRefused`, with the names there are."""
        people = [user for user in (await self.world())["users"] if not user.get("bot")]
        names = {(user.get("global_name") or user["username"]): user["id"] for user in people}
        found = next((uid for known, uid in names.items() if known.lower() == name.lower()), None)
        if found is None:
            raise ControlRefused(f"Nobody here is called {name}. There are: {', '.join(names)}.")
        self.user_id = found

    async def command(self, call: CommandCall, channel_id: str) -> str:
        """Use a command; the interaction's id. Raises `ControlRefused`."""
        payload = call.payload(self.user_id or "", channel_id)
        return str((await self._post("command", payload, call.files))["interaction_id"])

    async def say(self, channel_id: str, text: str, files: Sequence[Path] = (), reply_to: str | None = None) -> Json:
        """Write a message; its JSON. Raises `ControlRefused`."""
        payload = {"channel_id": channel_id, "content": text, "reply_to": reply_to}
        return await self._post("message", payload, {f"files[{at}]": path for at, path in enumerate(files)})

    async def menu(self, name: str, channel_id: str, message_id: str) -> str:
        """Apps → `name` on a message; the interaction's id. Raises `ControlRefused`."""
        payload = {"channel_id": channel_id, "name": name, "type": MESSAGE_MENU, "target_id": message_id}
        return str((await self._post("command", payload))["interaction_id"])

    async def submit(self, interaction_id: str, values: Mapping[str, Any], files: Mapping[str, Path]) -> str:
        """Send the form that the interaction opened; the new interaction's id. Raises `ControlRefused`."""
        payload = {"interaction_id": interaction_id, "values": dict(values)}
        return str((await self._post("modal", payload, files))["interaction_id"])

    async def press(self, message_id: str, custom_id: str) -> str:
        """Press a button; the new interaction's id. Raises `ControlRefused`."""
        press = {"as": self.user_id, "message_id": message_id, "custom_id": custom_id}
        answer = await self._answer(await self._session.post(self._at("component"), json=press))
        return str(answer["interaction_id"])

    async def events(self) -> AsyncIterator[Json]:
        """The events from now on. The first one is `{"type": "open"}`: nothing after it is missed."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(
            self._at("events"), params=self._me(), timeout=timeout, read_bufsize=LONGEST_EVENT
        ) as response:
            yield {"type": "open"}
            async for line in response.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    async def download(self, url: str) -> bytes:
        """An attachment's bytes. Raises `ControlRefused`."""
        async with self._session.get(url) as response:
            if response.status != 200:
                raise ControlRefused(f"The attachment answered {response.status}")
            return await response.read()

    async def _post(self, name: str, payload: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> Json:
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("payload_json", json.dumps({"as": self.user_id or "", **payload}))
        for field, path in (files or {}).items():
            form.add_field(field, path.read_bytes(), filename=path.name, content_type="application/octet-stream")
        return await self._answer(await self._session.post(self._at(name), data=form))

    def _at(self, name: str) -> str:
        return f"{self._base_url}/_sandbox/{name}"

    def _me(self) -> Mapping[str, str]:
        return {"as": self.user_id} if self.user_id else {}

    @staticmethod
    async def _answer(response: aiohttp.ClientResponse) -> Json:
        async with response:
            if response.content_type != "application/json":
                raise ControlRefused(f"The stand-in answered {response.status}: {(await response.text())[:200]}")
            body: Json = await response.json()
            if response.status >= 400:
                raise ControlRefused(str(body.get("error") or body))
            return body


def button_of(message: Json, label: str) -> str | None:
    """The custom id of the button with that label, if the message has one."""
    parts = [part for row in message.get("components") or [] for part in row.get("components") or []]
    return next((part["custom_id"] for part in parts if part.get("label") == label), None)


def attachment_of(message: Json) -> Json | None:
    """The clip, or the picture, that a message holds, if any."""
    shown = {".mp4", ".png"}
    return next((one for one in message.get("attachments") or [] if Path(one["filename"]).suffix in shown), None)
