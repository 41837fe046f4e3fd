"""What members do through their clients: commands, presses, modals, messages; for tests and the control surface."""

from __future__ import annotations

import contextlib
from typing import Any

from sandbox.discord import permissions as bits
from sandbox.discord.bus import Event
from sandbox.discord.commands import SLASH
from sandbox.discord.components import BUTTON, SELECTS, STRING_SELECT, walk
from sandbox.discord.core import Core
from sandbox.discord.files import Upload
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from sandbox.discord.message import Message
from sandbox.discord.messages import Rules
from sandbox.discord.modals import ModalForm
from sandbox.discord.options import ClientRefused, CommandForm, descend, resolve_user
from sandbox.discord.responses import Json
from sandbox.discord.world import Channel, User


class Actions:
    """Each raises `ClientRefused` for what Discord's own client would not let a member do."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def _may_see(self, user: User, channel: Channel) -> int:
        held = self.core.world.permissions(channel, user.id)
        if not held & bits.VIEW_CHANNEL:
            raise ClientRefused("You can't see that channel")
        return held

    def _command(self, user: User, channel: Channel, name: str, kind: int, *, raw: bool) -> Json:
        self._may_see(user, channel)
        found = self.core.commands.find(user, channel, name, kind)
        if found is None and raw:
            found = self.core.commands.find_anywhere(name, kind, channel.guild_id)
        if found is None:
            raise ClientRefused(f"There is no command {name!r} for you here")
        return found

    def command(self, user: User, channel: Channel, name: str, *, kind: int = SLASH, subcommand: str = "",
                options: Json | None = None, uploads: dict[str, Upload] | None = None, target_id: str | None = None,
                raw: bool = False) -> Interaction:  # fmt: skip
        """Use a slash or menu command."""
        command = self._command(user, channel, name, kind, raw=raw)
        form = CommandForm(self.core, user, channel, options or {}, uploads or {}, raw)
        data: Json = {"id": command["id"], "name": command["name"], "type": kind}
        if kind == SLASH:
            declared, nest = descend(command, subcommand)
            data["options"] = _nested(nest, form.fill(declared))
        else:
            data |= form.target(kind, target_id or "")
        if form.resolved:
            data["resolved"] = form.resolved
        if command.get("guild_id"):
            data["guild_id"] = command["guild_id"]
        return self.core.interactions.begin(COMMAND, user, channel, data)

    def autocomplete(self, user: User, channel: Channel, name: str, *, focused: str, options: Json,
                     subcommand: str = "", nonce: str | None = None, raw: bool = False) -> Interaction:  # fmt: skip
        """Ask for choices while typing: values are sent as they stand, unchecked."""
        command = self._command(user, channel, name, SLASH, raw=raw)
        declared, nest = descend(command, subcommand)
        option = next((o for o in declared if o["name"] == focused), None)
        if not raw and (option is None or not option.get("autocomplete")):
            raise ClientRefused(f"The option {focused!r} offers nothing while typing")
        form = CommandForm(self.core, user, channel, {focused: ""} | options, {}, raw=False, focused=focused)
        data: Json = {"id": command["id"], "name": name, "type": SLASH, "options": _nested(nest, form.fill(declared))}
        return self.core.interactions.begin(AUTOCOMPLETE, user, channel, data, nonce=nonce)

    def component(self, user: User, message_id: str, custom_id: str, values: list[str] | None = None, *,
                  raw: bool = False) -> Interaction:  # fmt: skip
        """Press a button or choose in a select."""
        message = self._visible(user, message_id)
        channel = self.core.world.channel(message.channel_id)
        part = next((p for p in walk(message.components) if p.get("custom_id") == custom_id), None)
        if part is None and raw:
            part = {"type": BUTTON, "custom_id": custom_id, "id": 1}
        if part is None or (part.get("disabled") and not raw):
            raise ClientRefused(f"The message has no enabled component {custom_id!r}")
        data: Json = {"custom_id": custom_id, "component_type": part["type"], "id": part.get("id", 0)}
        if part["type"] in SELECTS:
            data["values"] = self._chosen(part, values or [], raw=raw)
            if part["type"] != STRING_SELECT:  # plain options name nothing that could be resolved
                data["resolved"] = self._resolved(channel, part["type"], data["values"], raw=raw)
        return self.core.interactions.begin(COMPONENT, user, channel, data, message=message)

    @staticmethod
    def _chosen(select: Json, values: list[str], *, raw: bool) -> list[str]:
        least = 1 if select.get("min_values") is None else select["min_values"]
        if not raw and not least <= len(values) <= (select.get("max_values") or 1):
            raise ClientRefused("That is not how many may be chosen")
        offered = {option["value"] for option in select.get("options") or []}
        if select["type"] == 3 and not raw and not set(values) <= offered:
            raise ClientRefused("That is not among the options")
        return values

    def _resolved(self, channel: Channel, kind: int, values: list[str], *, raw: bool) -> Json:
        """The users, roles and channels that the values name. With `raw`, values that name nothing are left out."""
        form = CommandForm(self.core, self.core.world.bot, channel, {}, {})
        for value in values:
            with contextlib.suppress(*((ClientRefused,) if raw else ())):
                self._resolve(form, channel, kind, value)
        return form.resolved

    def _resolve(self, form: CommandForm, channel: Channel, kind: int, value: str) -> None:
        if kind in {5, 7} and value in self.core.world.users:
            resolve_user(self.core, channel, self.core.world.users[value], form.resolved)
        elif kind in {6, 7}:
            form.resolve(8, value, {})
        elif kind == 8:
            form.resolve(7, value, {})

    def modal(self, user: User, interaction_id: str, values: Json, uploads: dict[str, list[Upload]] | None = None, *,
              raw: bool = False) -> Interaction:  # fmt: skip
        """Submit the modal that an interaction opened."""
        opener = self.core.interactions.all.get(interaction_id)
        if opener is None or opener.modal is None or opener.user_id != user.id or opener.modal_done:
            raise ClientRefused("No such form is open")
        channel = self.core.world.channel(opener.channel_id)
        limit = max(self.core.world.upload_limit(channel), user.nitro_bytes or 0)
        form = ModalForm(self.core, channel, limit, values, uploads or {}, raw)
        parts = form.fill(opener.modal)
        opener.modal_done = True
        data: Json = {"custom_id": opener.modal["custom_id"], "components": parts, "resolved": form.resolved}
        message = self.core.messages.all.get(opener.message_id) if opener.message_id else None
        return self.core.interactions.begin(MODAL_SUBMIT, user, channel, data, message=message, opener_id=opener.id)

    def say(self, user: User, channel: Channel, content: str, uploads: list[Upload] | None = None, *,
            reply_to: str | None = None, mention_reply: bool = True, **facts: Any) -> Message:  # fmt: skip
        """Write a message. `facts`: `embeds`, `snapshots` as Discord itself would add them."""
        held = self._may_see(user, channel)
        shut = channel.locked and not held & bits.MANAGE_THREADS
        if not held & bits.SEND_MESSAGES or shut:
            raise ClientRefused("You can't write in that channel")
        if uploads and not held & bits.ATTACH_FILES:
            raise ClientRefused("You can't attach files in that channel")
        payload: Json = {"content": content, "embeds": facts.pop("embeds", [])}
        if reply_to is not None:
            target = self._visible(user, reply_to)
            facts |= {"type": 19, "reference": self._reference(target, 0)}
            payload["allowed_mentions"] = {"parse": ["users", "roles", "everyone"], "replied_user": mention_reply}
        rules = Rules(max(self.core.world.upload_limit(channel), user.nitro_bytes or 0))
        message = self.core.messages.create(channel, user.id, payload, uploads or [], rules, **facts)
        self.core.open_again(channel)
        return message

    def forward(self, user: User, message_id: str, channel: Channel) -> Message:
        """Forward a message: its contents travel as a snapshot, the new message itself is empty."""
        source = self._visible(user, message_id)
        whole = self.core.messages.json(source)
        kept = ("type", "content", "mentions", "mention_roles", "attachments", "embeds", "timestamp",
                "edited_timestamp", "flags", "components")  # fmt: skip
        snapshot = {"message": {key: whole[key] for key in kept}}
        return self.say(user, channel, "", snapshots=[snapshot], reference=self._reference(source, 1))

    @staticmethod
    def _reference(message: Message, kind: int) -> Json:
        return {"type": kind, "channel_id": message.channel_id, "message_id": message.id}

    def _visible(self, user: User, message_id: str) -> Message:
        message = self.core.messages.get(message_id)
        if message.visible_to not in {None, user.id}:
            raise ClientRefused("There is no such message for you")
        self._may_see(user, self.core.world.channel(message.channel_id))
        return message

    def visible_to(self, user: User, channel: Channel, limit: int = 50) -> list[Json]:
        """The newest messages of a channel that this user sees, oldest first."""
        self._may_see(user, channel)
        found = [m for m in self.core.messages.in_channel(channel.id) if m.visible_to in {None, user.id}]
        return [self.core.messages.json(message) for message in found[-limit:]]

    def delete(self, user: User, message_id: str) -> None:
        """Delete one's own message, any with MANAGE_MESSAGES, or dismiss what only this user sees."""
        message = self._visible(user, message_id)
        channel = self.core.world.channel(message.channel_id)
        own = user.id in {message.author_id, message.visible_to}
        if not own and not self._may_see(user, channel) & bits.MANAGE_MESSAGES:
            raise ClientRefused("That is not yours to delete")
        self.core.messages.delete(message)

    def typing(self, user: User, channel: Channel) -> None:
        self.core.bus.tell(Event("typing", {"channel_id": channel.id, "user_id": user.id}))


def _nested(nest: list[Json], options: list[Json]) -> list[Json]:
    for outer in reversed(nest):
        options = [outer | {"options": options}]
    return options
