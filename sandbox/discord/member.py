"""A member as tests see them: what they do, what they see, and how a reply changed over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from sandbox.discord.actions import Actions
from sandbox.discord.commands import MESSAGE, USER
from sandbox.discord.components import walk
from sandbox.discord.core import Core
from sandbox.discord.files import Upload
from sandbox.discord.interactions import Interaction
from sandbox.discord.message import Message, Version
from sandbox.discord.options import ClientRefused
from sandbox.discord.recording import Exchange
from sandbox.discord.responses import Json
from sandbox.discord.world import Channel, User

FileSource = Path | bytes | tuple[str, bytes]
Where = Channel | str
Which = Json | str


class Invocation:
    """One interaction that a member began, and the reply to it. Messages are Discord's JSON."""

    def __init__(self, core: Core, interaction: Interaction) -> None:
        self._core = core
        self.interaction = interaction

    @property
    def id(self) -> str:
        return self.interaction.id

    @property
    def state(self) -> str:
        """waiting, answered or failed."""
        return self.interaction.state

    @property
    def failed(self) -> str | None:
        """Why it failed, as the member reads it; None while it has not."""
        return self.interaction.reason

    @property
    def modal(self) -> Json | None:
        return self.interaction.modal

    @property
    def choices(self) -> list[Json] | None:
        return self.interaction.choices

    @property
    def message_id(self) -> str | None:
        return self.interaction.original_id

    @property
    def message(self) -> Json | None:
        """The reply as it is now; None when there is none, or it was deleted."""
        found = self._original()
        return None if found is None or found.deleted else self._core.messages.json(found)

    @property
    def followups(self) -> list[Json]:
        found = [self._core.messages.all[message_id] for message_id in self.interaction.followup_ids]
        return [self._core.messages.json(message) for message in found if not message.deleted]

    @property
    def requests(self) -> list[Exchange]:
        """The bot's requests for this interaction so far: its answer, and whatever concerned its reply or follow-ups,
        by the interaction's token or by the bot's own. `by_operation(….requests)` counts them."""
        interaction = self.interaction
        replies = [interaction.original_id] if interaction.original_id else []
        return self._core.record.about(interaction.token, *replies, *interaction.followup_ids)

    @property
    def history(self) -> list[Version]:
        """Every version of the reply in its order: `at`, `change` and the `message` of that moment."""
        found = self._original()
        return list(found.versions) if found else []

    def _original(self) -> Message | None:
        return self._core.messages.all.get(self.interaction.original_id or "")

    async def reply(self, until: Callable[[Json], Any] = lambda _: True, timeout: float = 60.0) -> Json:  # noqa: ASYNC109
        """The reply, as soon as `until` holds for it; a "thinking" one doesn't count. Raises TimeoutError (real
        seconds), naming what there was, and AssertionError when the interaction failed instead."""

        def look() -> Json | None:
            assert self.state != "failed", f"the interaction failed: {self.failed}"  # noqa: S101
            message = self.message
            return message if message and not message["flags"] & 128 and until(message) else None

        try:
            found: Json = await self._core.bus.until(look, timeout, "the reply")
        except TimeoutError as late:
            raise TimeoutError(f"{late}; the reply is {self.message}, follow-ups {self.followups}") from None
        return found

    async def followup(self, until: Callable[[Json], Any] = lambda _: True, timeout: float = 60.0) -> Json:  # noqa: ASYNC109
        """The first follow-up for which `until` holds."""

        def look() -> Json | None:
            return next((message for message in self.followups if until(message)), None)

        found: Json = await self._core.bus.until(look, timeout, "a follow-up")
        return found

    async def done(self, timeout: float = 60.0) -> str:  # noqa: ASYNC109
        """`answered` or `failed`, once it is either."""
        await self._core.bus.until(lambda: self.state != "waiting", timeout, "the interaction to end")
        return self.state

    async def opened_modal(self, timeout: float = 60.0) -> Json:  # noqa: ASYNC109
        found: Json = await self._core.bus.until(lambda: self.modal, timeout, "a form")
        return found


class MemberClient:
    """What one user can do and see.

    Channels are `Channel`s, ids, or names such as `general` or `Film Club#general`; messages are their JSON or ids.
    """

    def __init__(self, core: Core, actions: Actions, user: User) -> None:
        self._core = core
        self._actions = actions
        self.user = user

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def mention(self) -> str:
        return f"<@{self.user.id}>"

    @property
    def dm(self) -> Channel:
        """The private channel with the bot."""
        return self._core.world.private_channel(self.user, self._core.world.bot)

    def _where(self, channel: Where) -> Channel:
        return self._core.world.channel_named(channel) if isinstance(channel, str) else channel

    async def slash(self, channel: Where, name: str, /, *, files: Mapping[str, FileSource] | None = None,
                    raw: bool = False, **options: Any) -> Invocation:  # fmt: skip
        """`/name` with its options; `name` may hold sub-commands, as in `limits set`. Raises `ClientRefused` where
        Discord's client would, unless `raw`."""
        first, _, rest = name.partition(" ")
        uploads = {option: self._upload(source, option) for option, source in (files or {}).items()}
        begun = self._actions.command(
            self.user, self._where(channel), first, subcommand=rest, options=options, uploads=uploads, raw=raw
        )  # fmt: skip
        return Invocation(self._core, begun)

    async def menu(self, message: Which, name: str) -> Invocation:
        """Apps → `name` on a message."""
        found = self._core.messages.get(_id(message))
        channel = self._core.world.channel(found.channel_id)
        begun = self._actions.command(self.user, channel, name, kind=MESSAGE, target_id=found.id)
        return Invocation(self._core, begun)

    async def user_menu(self, channel: Where, target: User | MemberClient, name: str) -> Invocation:
        begun = self._actions.command(self.user, self._where(channel), name, kind=USER, target_id=target.id)
        return Invocation(self._core, begun)

    async def autocomplete(self, channel: Where, name: str, focused: str, /, timeout: float = 60.0,  # noqa: ASYNC109
                           **options: Any) -> list[Json]:  # fmt: skip
        """The choices that are offered while typing in `focused`."""
        invocation = self.type_in(channel, name, focused, **options)
        if await invocation.done(timeout) == "failed":
            raise ClientRefused("Loading options failed")
        return invocation.choices or []

    def type_in(self, channel: Where, name: str, focused: str, /, *, raw: bool = False, **options: Any) -> Invocation:
        """Ask for choices while typing in `focused`; with `raw` also where the client would not."""
        first, _, rest = name.partition(" ")
        begun = self._actions.autocomplete(
            self.user, self._where(channel), first, focused=focused, options=options, subcommand=rest, raw=raw
        )  # fmt: skip
        return Invocation(self._core, begun)

    async def press(self, message: Which | Invocation, custom_id_or_label: str, *, raw: bool = False) -> Invocation:
        """Press a button, found by its custom_id, the start of that, or its label."""
        return await self.choose(message, custom_id_or_label, None, raw=raw)

    async def choose(self, message: Which | Invocation, custom_id_or_label: str, values: Sequence[str] | None, *,
                     raw: bool = False) -> Invocation:  # fmt: skip
        """Choose `values` in a select, found as `press` finds a button."""
        message_id = message.message_id if isinstance(message, Invocation) else _id(message)
        found = self._core.messages.get(message_id or "")
        custom_id = custom_id_or_label if raw else _component(found.components, custom_id_or_label)
        chosen = list(values) if values is not None else None
        return Invocation(self._core, self._actions.component(self.user, found.id, custom_id, chosen, raw=raw))

    async def submit_modal(self, opened: Invocation, values: Json | None = None,
                           files: Mapping[str, FileSource | Sequence[FileSource]] | None = None, *,
                           raw: bool = False) -> Invocation:  # fmt: skip
        """Send the form that `opened` opened, once it is there. Keys are custom_ids or labels."""
        modal = await opened.opened_modal()
        names = _modal_names(modal)
        uploads = {
            names.get(key, key): [self._upload(item, key) for item in _several(source)]
            for key, source in (files or {}).items()
        }
        renamed = {names.get(key, key): value for key, value in (values or {}).items()}
        return Invocation(self._core, self._actions.modal(self.user, opened.id, renamed, uploads, raw=raw))

    async def say(self, channel: Where, content: str = "", files: Sequence[FileSource] = (), *,
                  reply_to: Which | None = None, mention_reply: bool = True,
                  embeds: Sequence[Json] = ()) -> Json:  # fmt: skip
        """Write a message, perhaps as a reply. `embeds` are those that Discord would unfurl from links."""
        uploads = [self._upload(source, f"files[{at}]") for at, source in enumerate(files)]
        target = None if reply_to is None else _id(reply_to)
        said = self._actions.say(
            self.user, self._where(channel), content, uploads, reply_to=target, mention_reply=mention_reply,
            embeds=list(embeds),
        )  # fmt: skip
        return self._core.messages.json(said)

    async def forward(self, message: Which, channel: Where) -> Json:
        return self._core.messages.json(self._actions.forward(self.user, _id(message), self._where(channel)))

    async def delete(self, message: Which) -> None:
        self._actions.delete(self.user, _id(message))

    def sees(self, channel: Where, limit: int = 50) -> list[Json]:
        """The newest messages that this user sees there, oldest first; ephemeral ones of theirs included."""
        return self._actions.visible_to(self.user, self._where(channel), limit)

    async def wait_for(self, channel: Where, until: Callable[[Json], Any], timeout: float = 60.0) -> Json:  # noqa: ASYNC109
        """The first visible message there for which `until` holds, now or later."""
        place = self._where(channel)
        found: Json = await self._core.bus.until(
            lambda: next((message for message in self.sees(place, 200) if until(message)), None), timeout, "a message"
        )  # fmt: skip
        return found

    def commands(self, channel: Where) -> list[Json]:
        """What the client offers after `/` and in the Apps menus there."""
        return list(self._core.commands.offered(self.user, self._where(channel)))

    def _upload(self, source: FileSource, field: str) -> Upload:
        if isinstance(source, Path):
            return self._core.files.put(source.read_bytes(), source.name, field)
        if isinstance(source, bytes):
            return self._core.files.put(source, "file.bin", field)
        name, data = source
        return self._core.files.put(data, name, field)


def _several(source: FileSource | Sequence[FileSource]) -> list[FileSource]:
    # A pair of name and bytes is one file; any other sequence is several.
    if isinstance(source, Path | bytes):
        return [source]
    if len(source) == 2 and isinstance(source[0], str):
        return [(source[0], cast("bytes", source[1]))]
    return [cast("FileSource", item) for item in source]


def _id(message: Which) -> str:
    return message if isinstance(message, str) else str(message["id"])


def _component(components: list[Json], wanted: str) -> str:
    parts = [part for part in walk(components) if part.get("custom_id")]
    for matches in (
        lambda part: part["custom_id"] == wanted,
        lambda part: part.get("label") == wanted,
        lambda part: part.get("placeholder") == wanted,
        lambda part: part["custom_id"].startswith(wanted),
        lambda part: wanted in (part.get("label") or ""),
    ):
        for part in parts:
            if matches(part):
                return str(part["custom_id"])
    raise ClientRefused(f"No component {wanted!r} among {[p.get('label') or p['custom_id'] for p in parts]}")


def _modal_names(modal: Json) -> dict[str, str]:
    """Labels to custom_ids."""
    names = {}
    for part in modal["components"]:
        inner = part.get("component") or (part.get("components") or [{}])[0]
        label = part.get("label") or inner.get("label")
        if label and inner.get("custom_id"):
            names[label] = inner["custom_id"]
    return names
