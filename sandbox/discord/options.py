"""What a member's client does with a typed command: fill in the options, check them, resolve what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER_OPTION,
)
from sandbox.discord.core import Core
from sandbox.discord.files import Upload
from sandbox.discord.objects import member_json
from sandbox.discord.responses import Json
from sandbox.discord.world import Channel, User


class ClientRefused(Exception):
    """Discord's own client would not have sent this; the text says why."""


@dataclass(slots=True)
class CommandForm:
    """Options being filled in for one user in one channel. `raw` skips every check, as a forged client would."""

    core: Core
    user: User
    channel: Channel
    values: Json
    uploads: dict[str, Upload]
    raw: bool = False
    focused: str | None = None
    resolved: Json = field(default_factory=dict)

    def fill(self, declared: list[Json]) -> list[Json]:
        """The options of the interaction, in the order in which they were declared."""
        names = {option["name"] for option in declared}
        for name in [*self.values, *self.uploads]:
            if name not in names and not self.raw:
                raise ClientRefused(f"There is no option {name!r}")
        filled = [self._one(option) for option in declared]
        return [option for option in filled if option is not None]

    def _one(self, option: Json) -> Json | None:
        name, kind = option["name"], option["type"]
        value = self.values.get(name)
        if kind == ATTACHMENT and name in self.uploads:
            value = self._attach(self.uploads[name])
        elif value is None:
            if option.get("required") and not self.raw and self.focused is None:
                raise ClientRefused(f"The option {name!r} is required")
            return None
        elif kind in {USER_OPTION, CHANNEL, ROLE, MENTIONABLE}:
            value = self.resolve(kind, str(value), option)
        elif self.focused != name:
            value = self._checked(option, self._typed(option, value))
            if kind == STRING:
                self._mention(str(value))
        found: Json = {"name": name, "type": kind, "value": value}
        if self.focused == name:
            found["focused"] = True
        return found

    def _mention(self, text: str) -> None:
        """Note the members whom a text mentions among what is resolved, as Discord does."""
        for user_id in re.findall(r"<@!?(\d+)>", text):
            if user_id in self.core.world.users:
                self._resolve_user(self.core.world.users[user_id])

    def _typed(self, option: Json, value: Any) -> Any:
        kind = option["type"]
        if self.raw and not isinstance(value, str):
            return value
        try:
            if kind == INTEGER:
                return int(value)
            if kind == NUMBER:
                return float(value)
        except (TypeError, ValueError):
            raise ClientRefused(f"The option {option['name']!r} must be a number") from None
        if kind == BOOLEAN:
            return value if isinstance(value, bool) else str(value).lower() in {"true", "1", "yes"}
        return str(value)

    def _checked(self, option: Json, value: Any) -> Any:
        if self.raw:
            return value
        name, kind = option["name"], option["type"]
        choices = option.get("choices")
        if choices:
            by_name = {choice["name"]: choice["value"] for choice in choices}
            value = by_name.get(str(value), value)
            if value not in by_name.values():
                raise ClientRefused(f"The option {name!r} must be one of {', '.join(by_name)}")
        size = len(value) if kind == STRING else value
        least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
        if kind == STRING and size > 6000:
            raise ClientRefused(f"The option {name!r} may have 6000 characters at most")
        if kind in {STRING, INTEGER, NUMBER} and not choices:
            if option.get(least) is not None and size < option[least]:
                raise ClientRefused(f"The option {name!r} must be at least {option[least]}")
            if option.get(most) is not None and size > option[most]:
                raise ClientRefused(f"The option {name!r} must be at most {option[most]}")
        return value

    def _attach(self, upload: Upload) -> str:
        limit = max(self.core.world.upload_limit(self.channel), self.user.nitro_bytes or 0)
        if upload.size > limit and not self.raw:
            raise ClientRefused(f"Your file is too powerful: {limit} bytes are the most here")
        return attach(self.core, upload, self.resolved)

    def resolve(self, kind: int, wanted: str, option: Json) -> str:
        """The id of a user, role or channel that is named by id or by name, noted among what is resolved."""
        wanted = wanted.lstrip("@#")
        found = (
            self._named_user(kind, wanted)
            or self._named_role(kind, wanted)
            or self._named_channel(kind, wanted, option)
        )
        if found is None and not self.raw:
            raise ClientRefused(f"Nothing here is called {wanted!r}")
        return found or wanted

    def _named_user(self, kind: int, wanted: str) -> str | None:
        if kind in {USER_OPTION, MENTIONABLE}:
            for user in self.core.world.users.values():
                if wanted in {user.id, user.name, user.username}:
                    return self._resolve_user(user)
        return None

    def _named_role(self, kind: int, wanted: str) -> str | None:
        guild = self.core.world.guild_of(self.channel)
        for role in guild.roles.values() if guild and kind in {ROLE, MENTIONABLE} else ():
            if wanted in {role.id, role.name}:
                self.resolved.setdefault("roles", {})[role.id] = role.json()
                return role.id
        return None

    def _named_channel(self, kind: int, wanted: str, option: Json) -> str | None:
        guild = self.core.world.guild_of(self.channel)
        types = option.get("channel_types")
        for channel in guild.channels.values() if guild and kind == CHANNEL else ():
            if wanted in {channel.id, channel.name} and (not types or channel.type in types):
                return self._resolve_channel(channel)
        return None

    def _resolve_user(self, user: User) -> str:
        resolve_user(self.core, self.channel, user, self.resolved)
        return user.id

    def _resolve_channel(self, channel: Channel) -> str:
        world = self.core.world
        held = world.permissions(channel, self.user.id)
        self.resolved.setdefault("channels", {})[channel.id] = {
            "id": channel.id, "type": channel.type, "name": channel.name, "permissions": str(held),
            "app_permissions": str(world.permissions(channel, world.bot.id)) if world.bot_is_in(channel) else "0",
            "parent_id": channel.parent_id, "flags": 0, "position": channel.position, "nsfw": channel.nsfw,
            "guild_id": channel.guild_id, "topic": None, "rate_limit_per_user": 0, "last_message_id": None,
        } | ({"thread_metadata": {"archived": channel.archived, "auto_archive_duration": 1440, "locked": channel.locked,
              "archive_timestamp": self.core.clock.now().isoformat()}} if channel.is_thread else {})  # fmt: skip
        return channel.id

    def target(self, kind: int, target_id: str) -> Json:
        """The target of a menu command, whole: the intent doesn't hide what a member points at."""
        if kind == 2:
            user = self.core.world.users.get(target_id)
            if user is None:
                raise ClientRefused("There is no such user")
            self._resolve_user(user)
        else:
            message = self.core.messages.get(target_id, self.channel.id)
            self.resolved["messages"] = {message.id: self.core.messages.json(message)}
        return {"target_id": target_id}


def attach(core: Core, upload: Upload, resolved: Json) -> str:
    """Keep a file of an option or a modal as an ephemeral attachment and note it among what is resolved."""
    attachment = core.files.take(upload, f"ephemeral-attachments/{core.world.bot.id}")
    resolved.setdefault("attachments", {})[attachment.id] = core.files.json(attachment, ephemeral=True)
    return attachment.id


def resolve_user(core: Core, channel: Channel, user: User, resolved: Json) -> None:
    resolved.setdefault("users", {})[user.id] = user.json()
    guild = core.world.guild_of(channel)
    if guild is not None and user.id in guild.members:
        held = guild.permissions_of(user.id, channel)
        member = member_json(core.world, guild.members[user.id], user=False, permissions=held)
        resolved.setdefault("members", {})[user.id] = member


def descend(command: Json, subcommand: str) -> tuple[list[Json], list[Json]]:
    """The declared options of `a` or `a b`, and the nest of option objects around them, outermost first."""
    declared, nest = command.get("options") or [], []
    for word in subcommand.split():
        found = next((o for o in declared if o["name"] == word and o["type"] in {SUBCOMMAND, GROUP}), None)
        if found is None:
            raise ClientRefused(f"/{command['name']} has no {word!r}")
        nest.append({"name": word, "type": found["type"]})
        declared = found.get("options") or []
    if any(option["type"] in {SUBCOMMAND, GROUP} for option in declared):
        raise ClientRefused(f"/{command['name']} {subcommand} needs a sub-command")
    return declared, nest
