"""Who is mentioned by a text, who of them is allowed to be, and who is therefore notified."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord import permissions as bits
from sandbox.discord.responses import Json, form_error
from sandbox.discord.world import Channel, World

FOR_MESSAGES: Json = {"parse": ["users", "roles", "everyone"]}
FOR_INTERACTIONS: Json = {"parse": ["users"]}


@dataclass(slots=True)
class Mentions:
    users: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    everyone: bool = False


def find_mentions(
    world: World, channel: Channel, author_id: str, text: str, allowed: Json | None, *, replied_to: str | None
) -> Mentions:
    """`allowed` as Discord's allowed_mentions (None: everything); `replied_to` the author whom a reply would ping."""
    rules = FOR_MESSAGES if allowed is None else allowed
    check_allowed(rules)
    parse = rules.get("parse") or []
    found = Mentions()
    for user_id in dict.fromkeys(re.findall(r"<@!?(\d+)>", text)):
        if user_id in world.users and ("users" in parse or user_id in _ids(rules.get("users"))):
            found.users.append(user_id)
    guild = world.guild_of(channel)
    for role_id in dict.fromkeys(re.findall(r"<@&(\d+)>", text)):
        if guild and role_id in guild.roles and ("roles" in parse or role_id in _ids(rules.get("roles"))):
            found.roles.append(role_id)
    may = bool(world.permissions(channel, author_id) & bits.MENTION_EVERYONE)
    found.everyone = may and "everyone" in parse and bool(re.search(r"@(everyone|here)\b", text))
    # Without any rules a reply pings; with rules only if they say so.
    if replied_to and replied_to not in found.users and (allowed is None or allowed.get("replied_user")):
        found.users.append(replied_to)
    return found


def notified(world: World, channel: Channel, author_id: str, found: Mentions) -> list[str]:
    """The users who are notified: those named, those of a role, everybody."""
    guild = world.guild_of(channel)
    who = set(found.users)
    if guild is not None:
        for member in guild.members.values():
            if found.everyone or set(found.roles) & set(member.roles):
                who.add(member.user_id)
    return sorted(user_id for user_id in who if user_id != author_id and not world.users[user_id].bot)


def check_allowed(rules: Json) -> None:
    for kind in ("users", "roles"):
        ids = rules.get(kind) or []
        if len(ids) > 100:
            raise form_error(f"allowed_mentions.{kind}", "Must be 100 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
        if ids and kind in (rules.get("parse") or []):
            raise form_error("allowed_mentions", f"parse:{kind} and {kind}: [ids...] are mutually exclusive")


def _ids(values: Any) -> set[str]:
    return {str(value) for value in values or []}
