"""The names that a prompt's mentions stand for: as Discord sends them along, or as the bot's memory has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import discord

from bot.rules.prompt_text import MentionNames, as_seen, mentioned
from bot.rules.requests import Inputs


def inputs_seen(inputs: Inputs, interaction: discord.Interaction[Any]) -> Inputs:
    """The inputs with their words as the member saw them."""
    data: Any = interaction.data or {}
    resolved: Mapping[str, Any] = data.get("resolved") or {}
    sent: dict[int, str] = {}
    for user_id, user in (resolved.get("users") or {}).items():
        member = (resolved.get("members") or {}).get(user_id) or {}
        sent[int(user_id)] = member.get("nick") or user.get("global_name") or user["username"]
    people = {interaction.user.id: interaction.user.display_name, **sent}
    return _seen(inputs, interaction.user, people, interaction.client.user)


def inputs_written(inputs: Inputs, message: discord.Message, me: discord.ClientUser | None) -> Inputs:
    """The same for what was written as a message, with which Discord sends everybody whom it mentions."""
    people = {person.id: person.display_name for person in (message.author, *message.mentions)}
    return _seen(inputs, message.author, people, me)


def _seen(
    inputs: Inputs, author: discord.User | discord.Member, people: Mapping[int, str], me: discord.ClientUser | None
) -> Inputs:
    words = {name: text for name in ("prompt", "avoid") if (text := getattr(inputs, name))}
    ids = frozenset().union(*map(mentioned, words.values()))
    names = _names(ids, author, people if me is None else {me.id: me.display_name, **people})
    return inputs.model_copy(update={name: as_seen(text, names) for name, text in words.items()})


def _names(ids: Collection[int], author: discord.User | discord.Member, people: Mapping[int, str]) -> MentionNames:
    """A channel that the author can't look into keeps its name to itself, as it does in Discord."""
    if not isinstance(author, discord.Member):
        return MentionNames(members=people)
    roles = {one: role.name for one in ids if (role := author.guild.get_role(one)) is not None}
    channels = {
        one: channel.name
        for one in ids
        if (channel := author.guild.get_channel_or_thread(one)) is not None
        and channel.permissions_for(author).view_channel
    }
    return MentionNames(members=people, roles=roles, channels=channels)
