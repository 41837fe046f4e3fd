"""`python -m sandbox try`: does one command as a member, prints each state of the reply, and checks the clip."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import click

from sandbox.clip import NotPlayable, inspect
from sandbox.command_text import TEXT, BadCommand, Call, CommandCall, MenuCall, ReplyCall, parse_line
from sandbox.control_client import ControlClient, ControlRefused, Json, attachment_of, button_of
from sandbox.launch import BotEnded, Sandbox

SUCCEEDED, FAILED, USAGE = 0, 1, 2
SHOWN = ("pending", "processing", "completed", "delivered", "failed", "cancelled")
"""The states that are printed, each once."""
STATES = {
    0xB5BAC1: "accepted", 0x9AA0A8: "submitting", 0x80848E: "pending", 0x3B82F6: "processing",
    0x06B6D4: "completed", 0x23A55A: "delivered", 0xDA373C: "failed", 0x5C5F66: "cancelled",
}  # fmt: skip
"""By the colour of its card, what state a job is in: the title says it in the member's language only."""
GO, PREVIEW = "Go", "preview"
"""The button under what is shown before it is made, and the word that is printed for it."""
LOADING = 1 << 7
EPHEMERAL = 1 << 6


@dataclass(frozen=True, slots=True)
class Ended(Exception):
    """The trial is over. `sentence` goes to the terminal, where there is one."""

    code: int
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to do: `text` as member `name`, in at most `seconds`; the clip goes to `out` if given."""

    text: str
    out: Path | None
    name: str
    seconds: float


async def run_trial(trial: Trial, sandbox: Sandbox) -> int:
    """Start `sandbox`, do the command, stop everything; returns the exit code."""
    try:
        async with asyncio.timeout(trial.seconds), sandbox:
            await _act(trial, sandbox)
    except Ended as end:
        if end.sentence:
            click.echo(end.sentence, err=end.code != SUCCEEDED)
        return end.code
    except BotEnded as exc:
        click.echo(str(exc), err=True)
    except TimeoutError:
        click.echo(f"Nothing more came within {trial.seconds:g} seconds.", err=True)
    return FAILED


async def _act(trial: Trial, sandbox: Sandbox) -> None:
    """Raises `Ended`, always."""
    await sandbox.bot_ready()
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        member = ControlClient(session, sandbox.url)
        try:
            await member.become(trial.name)
            world = await member.world()
            call = parse_line(_named(trial.text, world["bot"]), world["commands"])
            conversation = Conversation(member, call, world["guilds"][0]["channels"][0]["id"], trial.out)
            await _first_of(conversation.run(), sandbox.bot_ended())
        except (ControlRefused, BadCommand) as exc:
            raise Ended(USAGE, str(exc)) from None


def _named(text: str, bot: Json) -> str:
    """The text with `@` and the bot's name turned into a mention, as Discord's client does."""
    return re.sub(rf"@{re.escape(bot['global_name'] or bot['username'])}\b", f"<@{bot['id']}>", text)


async def _first_of(*work: Any) -> None:
    """Run all; the first that ends, ends the others, and its error is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Conversation:
    """A command and the events that follow. `handlers` has one entry for each kind of event."""

    def __init__(self, member: ControlClient, call: Call, channel_id: str, out: Path | None) -> None:
        self._member = member
        self._call = call
        self._channel_id = channel_id
        self._out = out
        self._interaction_id: str | None = None
        self._message_id: str | None = None
        self._said: list[str] = []
        self.handlers: dict[str, Callable[[Json], Any]] = {
            "message_create": self._on_message,
            "message_update": self._on_message,
            "interaction_failed": self._on_silence,
            "modal": self._on_modal,
        }

    async def run(self) -> None:
        """Raises `Ended`."""
        async for event in self._member.events():
            if event["type"] == "open":
                await self._ask()
            handler = self.handlers.get(event["type"])
            if handler is not None:
                await handler(event)
        raise Ended(FAILED, "The stand-in closed the connection.")

    async def _ask(self) -> None:
        try:
            match self._call:
                case CommandCall():
                    self._interaction_id = await self._member.command(self._call, self._channel_id)
                case ReplyCall(file=file, text=text):
                    shown = await self._member.say(self._channel_id, "", [file])
                    self._message_id = (await self._member.say(self._channel_id, text, reply_to=shown["id"]))["id"]
                case MenuCall(name=name, file=file):
                    shown = await self._member.say(self._channel_id, "", [file])
                    self._interaction_id = await self._member.menu(name, self._channel_id, shown["id"])
        except ControlRefused as exc:  # Discord's own client would say no, before the bot hears of it
            raise Ended(FAILED, str(exc)) from None

    def _answers(self, message: Json) -> bool:
        if self._message_id is not None:
            return bool((message.get("message_reference") or {}).get("message_id") == self._message_id)
        return bool((message.get("interaction_metadata") or {}).get("id") == self._interaction_id)

    async def _on_message(self, event: Json) -> None:
        message = event["message"]
        if not self._answers(message) or message.get("flags", 0) & LOADING:
            return
        state = state_of(message)
        if state is None and self._message_id is not None and not message.get("content"):
            return  # the card is to come
        if state is None and (go := button_of(message, GO)) is not None:
            await self._on_question(message, go)
            return
        if state is None:
            refused = self._message_id is not None or message.get("flags", 0) & EPHEMERAL
            raise Ended(FAILED if refused else SUCCEEDED, words_of(message))
        if state in SHOWN and state not in self._said:
            self._said.append(state)
            click.echo(state)
        if state in {"failed", "cancelled"}:
            raise Ended(FAILED, words_of(message))
        if state == "delivered":
            await self._on_delivery(message)

    async def _on_question(self, message: Json, go: str) -> None:
        """The bot shows a preview and waits for Go: press it."""
        if PREVIEW not in self._said:
            self._said.append(PREVIEW)
            click.echo(PREVIEW)
            self._interaction_id = await self._member.press(message["id"], go)

    async def _on_delivery(self, message: Json) -> None:
        clip = attachment_of(message)
        if clip is None:
            raise Ended(FAILED, f"It was delivered without a clip: {words_of(message)}")
        body = await self._member.download(clip["url"])
        raise await asyncio.to_thread(_save_and_check, body, self._out, clip["filename"])

    async def _on_silence(self, event: Json) -> None:
        if event.get("interaction_id") == self._interaction_id:
            raise Ended(FAILED, str(event.get("reason") or "The application did not respond"))

    async def _on_modal(self, event: Json) -> None:
        if event.get("interaction_id") != self._interaction_id:
            return
        form = event["modal"]
        if not isinstance(self._call, MenuCall):
            fields = ", ".join(str(row.get("label")) for row in form.get("components", []) if row.get("label"))
            raise Ended(FAILED, f"The bot opened a form, which is filled in on the page: {fields}")
        values, files = self._call.fill(form)
        try:
            self._interaction_id = await self._member.submit(event["interaction_id"], values, files)
        except ControlRefused as exc:
            raise Ended(FAILED, str(exc)) from None


def state_of(message: Json) -> str | None:
    """The job's state as its card's colour gives it, or None for a message that is no card."""
    found = (STATES.get(embed.get("color")) for embed in message.get("embeds") or [])
    return next(filter(None, found), None)


def words_of(message: Json) -> str:
    """What a message says, without its markup; of a card the lines that are no quotation."""
    author = message.get("author") or {}
    parts = [(message.get("content") or "").replace(f"<@{author.get('id')}>", f"@{author.get('global_name')}")]
    for embed in message.get("embeds") or []:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{field['name']}: {field['value']}" for field in embed.get("fields") or []]
    parts += _displayed(message.get("components") or [])
    lines = [_plain(line) for part in parts for line in part.splitlines() if line.strip() and not line.startswith(">")]
    return "\n".join(lines)


def _displayed(components: list[Json]) -> list[str]:
    """The texts among components, as panels have them instead of a content."""
    texts: list[str] = []
    for part in components:
        texts += [part["content"]] if part.get("type") == TEXT else _displayed(part.get("components") or [])
    return texts


def _plain(line: str) -> str:
    line = re.sub(
        r"<t:(\d+)(?::\w)?>", lambda m: f"{datetime.fromtimestamp(int(m[1]), UTC):%Y-%m-%d %H:%M:%S} UTC", line
    )
    line = re.sub(r"</([^:>]+):\d+>", r"/\1", line)
    line = re.sub(r"<@!?\d+>", "you", line)
    return re.sub(r"\\(?=\W)|\*\*|`|\|\||__|^-# |^#+ ", "", line)


def _save_and_check(body: bytes, out: Path | None, name: str) -> Ended:
    with tempfile.TemporaryDirectory() as folder:
        path = out if out is not None else Path(folder, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            facts = inspect(path)
        except OSError as exc:
            return Ended(FAILED, f"{path} can't be written: {exc.strerror}")
        except NotPlayable as exc:
            return Ended(FAILED, f"The clip does not play: {exc}")
    return Ended(SUCCEEDED, f"{out or name}: {facts}")
