"""Registered commands: Discord's rules for a registration, and which commands a member is offered in a channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandbox.discord import permissions as bits
from sandbox.discord.limits import check_file_types, check_text, too_long
from sandbox.discord.responses import ApiError, Json, form_error
from sandbox.discord.world import DM, Channel, User, World

SLASH, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER_OPTION, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
_MOST = {SLASH: 100, USER: 15, MESSAGE: 15}
_TEXT_MOST = 8000
_SAFE = 2**53 - 1


class Commands:
    """Global commands under None, a guild's own under its id. `puts` counts the bulk overwrites of each."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_scope: dict[str | None, list[Json]] = {}
        self.puts: dict[str | None, int] = {}

    def overwrite(self, scope: str | None, wanted: Any) -> list[Json]:
        """PUT: replace everything of a scope; a name that stays keeps its id."""
        if not isinstance(wanted, list):
            raise form_error("_", "Only iterables may be used in a ListType", "LIST_TYPE_CONVERT")
        for at, command in enumerate(wanted):
            check_command(command, str(at))
        for kind, most in _MOST.items():
            same = [command["name"] for command in wanted if command.get("type", SLASH) == kind]
            if len(same) > most:
                raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")
            if len(set(same)) != len(same):
                raise form_error("_", "Application command names must be unique", "APPLICATION_COMMANDS_DUPLICATE_NAME")
        before = {(c["type"], c["name"]): c for c in self.by_scope.get(scope, [])}
        self.by_scope[scope] = [self._filled(command, scope, before) for command in wanted]
        self.puts[scope] = self.puts.get(scope, 0) + 1
        return self.by_scope[scope]

    def _filled(self, command: Json, scope: str | None, before: dict[tuple[int, str], Json]) -> Json:
        kind = command.get("type", SLASH)
        old = before.get((kind, command["name"]))
        filled: Json = {
            "id": old["id"] if old else self.world.ids.next(), "application_id": self.world.bot.id,
            "version": self.world.ids.next(), "type": kind, "name": command["name"],
            "description": command.get("description", "") if kind == SLASH else "",
            "name_localizations": command.get("name_localizations"),
            "description_localizations": command.get("description_localizations"),
            "default_member_permissions": command.get("default_member_permissions"),
            "dm_permission": command.get("dm_permission", True), "nsfw": bool(command.get("nsfw", False)),
            "contexts": command.get("contexts"), "integration_types": command.get("integration_types") or [0],
        }  # fmt: skip
        if command.get("options"):
            filled["options"] = [_clean(option) for option in command["options"]]
        if scope is not None:
            filled["guild_id"] = scope
        if filled["default_member_permissions"] is not None:
            filled["default_member_permissions"] = str(filled["default_member_permissions"])
        return filled

    def offered(self, user: User, channel: Channel) -> Iterator[Json]:
        """What this user's client lists in this channel."""
        for scope in (None, channel.guild_id) if channel.guild_id else (None,):
            for command in self.by_scope.get(scope, []):
                if self._fits(command, user, channel):
                    yield command

    def _fits(self, command: Json, user: User, channel: Channel) -> bool:
        installed_here = self.world.bot_is_in(channel)
        types = command["integration_types"]
        if not ((installed_here and 0 in types) or (user.has_app and 1 in types)):
            return False
        if command["contexts"] is not None and context_of(self.world, channel) not in command["contexts"]:
            return False
        guild = self.world.guild_of(channel)
        if guild is None:
            return True
        if command["nsfw"] and not channel.nsfw:
            return False
        held = self.world.permissions(channel, user.id)
        if not held & bits.USE_APPLICATION_COMMANDS:
            return False
        needed = command["default_member_permissions"]
        if needed is None:
            return True
        return bool(held & bits.ADMINISTRATOR) or (int(needed) != 0 and held & int(needed) == int(needed))

    def find(self, user: User, channel: Channel, name: str, kind: int) -> Json | None:
        matches = [c for c in self.offered(user, channel) if c["name"] == name and c["type"] == kind]
        return matches[-1] if matches else None

    def find_anywhere(self, name: str, kind: int, guild_id: str | None) -> Json | None:
        """The command, whether or not the client would offer it."""
        for scope in (guild_id, None):
            for command in self.by_scope.get(scope, []):
                if command["name"] == name and command["type"] == kind:
                    return command
        return None


def context_of(world: World, channel: Channel) -> int:
    """0 in a guild, 1 in the bot's own private channel, 2 in anybody else's."""
    if channel.guild_id:
        return 0
    return 1 if channel.type == DM and world.bot.id in channel.recipients else 2


def _clean(option: Json) -> Json:
    twin = {key: value for key, value in option.items() if value is not None}
    twin.setdefault("description", "")
    if twin.get("options"):
        twin["options"] = [_clean(inner) for inner in twin["options"]]
    elif "options" in twin:
        del twin["options"]
    return twin


def check_command(command: Json, path: str) -> None:
    """Raises 50035 for what a registration may not hold (Discord's docs: application-commands)."""
    kind = command.get("type", SLASH)
    if kind not in _MOST:
        raise form_error(f"{path}.type", "Value must be one of {1, 2, 3}.", "BASE_TYPE_CHOICES")
    if kind == SLASH:
        _check_name(command.get("name"), f"{path}.name")
        check_text(command.get("description"), f"{path}.description", 100, 1)
    else:
        check_text(command.get("name"), f"{path}.name", 32, 1)
        if command.get("options") or command.get("description"):
            raise form_error(f"{path}.options", "Context menu commands take neither.", "APPLICATION_COMMAND_INVALID")
    _check_command_options(command.get("options") or [], f"{path}.options", depth=0)
    if _text_length(command) > _TEXT_MOST:
        raise form_error(path, "Command exceeds maximum size", "APPLICATION_COMMAND_TOO_LARGE")
    for key, allowed in (("contexts", {0, 1, 2}), ("integration_types", {0, 1})):
        values = command.get(key)
        if values is not None and (not set(values) <= allowed or len(set(values)) != len(values)):
            raise form_error(f"{path}.{key}", f"Value must be one of {sorted(allowed)}.", "BASE_TYPE_CHOICES")


def _check_name(name: Any, path: str) -> None:
    text = check_text(name, path, 32, 1)
    if not re.fullmatch(r"[-_'\w]{1,32}", text) or text != text.lower():
        raise form_error(path, "Command name is invalid", "APPLICATION_COMMAND_INVALID_NAME")


def _check_command_options(options: list[Json], path: str, depth: int) -> None:
    if len(options) > 25:
        raise too_long(path, 25)
    names = [option.get("name") for option in options]
    if len(set(names)) != len(names):
        raise form_error(path, "Option names must be unique", "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE")
    optional_seen = False
    for at, option in enumerate(options):
        where = f"{path}.{at}"
        _check_name(option.get("name"), f"{where}.name")
        check_text(option.get("description"), f"{where}.description", 100, 1)
        _check_option(option, where, depth)
        if option["type"] > GROUP:
            if option.get("required") and optional_seen:
                raise form_error(where, "Required options must be placed before non-required options",
                                 "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID")  # fmt: skip
            optional_seen = optional_seen or not option.get("required")


def _check_option(option: Json, path: str, depth: int) -> None:
    kind = option.get("type")
    if kind not in range(1, 12):
        raise form_error(f"{path}.type", "Value must be one of 1..11.", "BASE_TYPE_CHOICES")
    if kind in {SUBCOMMAND, GROUP}:
        if depth > (0 if kind == GROUP else 1):
            raise form_error(
                f"{path}.type", "Sub-commands are nested too deep.", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
            )
        _check_command_options(option.get("options") or [], f"{path}.options", depth + 1)
        return
    _check_choices(option, path, may_have=kind in {STRING, INTEGER, NUMBER})
    check_file_types(option, path, may_have=kind == ATTACHMENT)
    for key in ("min_length", "max_length"):
        if option.get(key) is not None and not 0 <= option[key] <= 6000:
            raise form_error(f"{path}.{key}", "Must be between 0 and 6000.", "NUMBER_TYPE_MAX")
    for key in ("min_value", "max_value"):
        if option.get(key) is not None and abs(option[key]) > _SAFE:
            raise form_error(f"{path}.{key}", "Outside of ±2^53.", "NUMBER_TYPE_MAX")


def _check_choices(option: Json, path: str, *, may_have: bool) -> None:
    choices = option.get("choices") or []
    if len(choices) > 25:
        raise too_long(f"{path}.choices", 25)
    if choices and not may_have:
        raise form_error(
            f"{path}.choices", "This type takes no choices.", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID"
        )
    if option.get("autocomplete") and (choices or not may_have):
        raise form_error(f"{path}.autocomplete", "Not here.", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID")
    for at, choice in enumerate(choices):
        check_text(choice.get("name"), f"{path}.choices.{at}.name", 100, 1)


def _text_length(node: Json) -> int:
    """Names, descriptions and values, of each the longest of its localisations."""
    total = 0
    for key in ("name", "description"):
        texts = [node.get(key) or "", *(node.get(f"{key}_localizations") or {}).values()]
        total += max(len(text) for text in texts)
    if isinstance(node.get("value"), str):
        total += len(node["value"])
    return total + sum(_text_length(part) for part in [*(node.get("options") or []), *(node.get("choices") or [])])
