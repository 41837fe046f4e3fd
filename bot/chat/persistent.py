"""Buttons, selects and forms that work after any restart, also those of messages that an earlier version sent.

A custom id says what its button, select or form is about; nothing is kept in memory. discord.py is not told of any of
them: it forgets views and modals at a restart, and forgets its own "dynamic items" for all messages as soon as one view
is used twice (ui/view.py:940-985 of 2.7.1). Each use comes as an interaction event, and the custom id in it says which
handler answers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import discord
from discord import ui

from bot.errors import CommandOutdated
from bot.wording import translated

_PREFIX = "clapper:"

Handler = Callable[["discord.Interaction[Any]", "re.Match[str]"], Awaitable[None]]
"""Answers one use: the interaction, and its custom id as the component's pattern matched it."""

ReportError = Callable[["discord.Interaction[Any]", Exception], Awaitable[None]]

ViewT = TypeVar("ViewT", ui.View, ui.LayoutView, ui.Modal)


class Persistent:
    """One kind of button, select or form.

    `custom_ids` is the pattern of all custom ids that it has, those in messages of earlier versions included. `once`:
    while one with the same custom id is being answered, a second use of it is acknowledged and nothing else.
    `in_place`: its use changes or deletes the message that it is in, or is for whoever sees that message, so that one
    that is forged in another message is refused. `exact`: the same, of one whose very custom id must stand in the
    message, as it says which other message is meant.
    """

    def __init__(self, custom_ids: str, *, once: bool = False, in_place: bool = False, exact: bool = False) -> None:
        self.custom_ids = re.compile(custom_ids)
        self.once = once
        self.in_place = in_place
        self.exact = exact


class PersistentComponents:
    """Which handler answers which component. What a handler raises goes to `report_error`."""

    def __init__(self, report_error: ReportError) -> None:
        self._report_error = report_error
        self._handlers: list[tuple[Persistent, Handler]] = []
        self._under_way: set[str] = set()

    def add(self, component: Persistent, handler: Handler) -> None:
        """Have `handler` called for every use of such a component from now on."""
        self._handlers.append((component, handler))

    async def answer(self, interaction: discord.Interaction[Any]) -> None:
        """Have the press, choice or form answered (`is_use`)."""
        custom_id = str(_data(interaction).get("custom_id") or "")
        try:
            await self._answer(interaction, custom_id)
        except Exception as exc:  # noqa: BLE001  # discord.py would only log it and leave the member waiting
            await self._report_error(interaction, exc)

    async def _answer(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
        for component, handler in self._handlers:
            match = component.custom_ids.fullmatch(custom_id)
            if match is None:
                continue
            if component.in_place:
                check_in_place(interaction)
            if component.exact:
                _check_exact(interaction)
            if not component.once:
                await handler(interaction, match)
            elif custom_id in self._under_way:
                await interaction.response.defer()
            else:
                self._under_way.add(custom_id)
                try:
                    await handler(interaction, match)
                finally:
                    self._under_way.discard(custom_id)
            return
        raise CommandOutdated


_USES = frozenset({discord.InteractionType.component, discord.InteractionType.modal_submit})


def check_in_place(interaction: discord.Interaction[Any]) -> None:
    """Raises `CommandOutdated` where the message that was pressed has no such component: somebody forged it."""
    custom_id = str(_data(interaction).get("custom_id") or "")
    if interaction.message is not None and not _stands_in(interaction.message, custom_id):
        raise CommandOutdated


def _check_exact(interaction: discord.Interaction[Any]) -> None:
    if not stands_there(interaction):
        raise CommandOutdated


def stands_there(interaction: discord.Interaction[Any]) -> bool:
    """Whether the message that was pressed has that very component: as Discord has it now, not as the member saw it."""
    custom_id = str(_data(interaction).get("custom_id") or "")
    return interaction.message is not None and custom_id in _custom_ids(interaction.message.components)


def _stands_in(message: discord.Message, custom_id: str) -> bool:
    """Whether the message has a component that is about the same: the job or draft, the list, or the question. It may
    be another one: of an earlier version, or one that the message had before its last edit."""
    subject, kind = _SUBJECT.search(custom_id), _kind(custom_id)
    for found in _custom_ids(message.components):
        if kind in _LISTS or subject is None:
            about_it = _kind(found) == kind if kind in _LISTS else found.startswith(custom_id)
        else:
            about_it = subject[0] in found
        if about_it:
            return True
    return False


_SUBJECT = re.compile(r"\b[0-9a-f]{32}\b")
_LISTS = frozenset({"own", "forgetme"})


def _kind(custom_id: str) -> str:
    return custom_id.removeprefix(_PREFIX).partition(":")[0].partition("-")[0]


def _custom_ids(components: Iterable[Any]) -> Iterator[str]:
    for component in components:
        custom_id = getattr(component, "custom_id", None)
        if custom_id:
            yield str(custom_id)
        yield from _custom_ids(getattr(component, "children", ()))


def is_use(interaction: discord.Interaction[Any]) -> bool:
    """Whether it is a press, a choice or a form of ours. Commands, and custom ids of others, are left alone."""
    return interaction.type in _USES and str(_data(interaction).get("custom_id") or "").startswith(_PREFIX)


def chosen_values(interaction: discord.Interaction[Any]) -> tuple[str, ...]:
    """What was chosen in the select that was used; empty for a button."""
    return tuple(str(value) for value in _data(interaction).get("values") or ())


def _data(interaction: discord.Interaction[Any]) -> Mapping[str, Any]:
    return dict(interaction.data) if interaction.data else {}


def unkept(view: ViewT) -> ViewT:
    """Mark the view or form as finished, so that discord.py keeps nothing of it; returns the same one."""
    view.stop()
    return view


def view_with(*components: ui.Item[Any]) -> ui.View:
    """A view with these components. A new one is needed for every message and every edit."""
    view = ui.View(timeout=None)
    for component in components:
        view.add_item(component)
    return unkept(view)


class Verb(StrEnum):
    """What a button of a job, or of a draft, does. The values stand in custom ids and can't be changed: Change is
    `CHANGE` under a draft's preview and `REVISE` under a job's card."""

    AGAIN = "again"
    CANCEL = "cancel"
    DELETE = "delete"
    USE = "use"
    GET = "get"
    APPROVE = "approve"
    DENY = "deny"
    BLOCK = "block"
    GO = "go"
    CHANGE = "change"
    ANIMATE = "animate"
    REVISE = "revise"


_LOOKS = {
    Verb.AGAIN: ("🔁", discord.ButtonStyle.secondary),
    Verb.CANCEL: ("✖️", discord.ButtonStyle.secondary),
    Verb.DELETE: ("🗑️", discord.ButtonStyle.secondary),
    Verb.USE: ("➡️", discord.ButtonStyle.secondary),
    Verb.GET: ("📥", discord.ButtonStyle.primary),
    Verb.APPROVE: ("✅", discord.ButtonStyle.success),
    Verb.DENY: ("✋", discord.ButtonStyle.secondary),
    Verb.BLOCK: ("⛔", discord.ButtonStyle.danger),
    Verb.GO: ("▶️", discord.ButtonStyle.success),
    Verb.CHANGE: ("✏️", discord.ButtonStyle.secondary),
    Verb.ANIMATE: ("🎬", discord.ButtonStyle.primary),
    Verb.REVISE: ("✏️", discord.ButtonStyle.secondary),
}

_IN_PLACE = {Verb.AGAIN, Verb.REVISE, Verb.GET, Verb.DELETE, Verb.GO}

JOB_BUTTONS: Mapping[Verb, Persistent] = {
    verb: Persistent(rf"clapper:{verb}:(?P<job>[0-9a-f]{{32}})", once=verb is Verb.GO, in_place=verb in _IN_PLACE)
    for verb in Verb
}
"""The group `job` is the id of the job, but for Go and Change, whose drafts have ids of the same form, of the draft."""


DELETE_IT = Persistent(r"clapper:delete-it:(?P<job>[0-9a-f]{32}):(?P<message>\d{1,20})", once=True, exact=True)
KEEP_IT = Persistent(r"clapper:keep-it:(?P<job>[0-9a-f]{32})", exact=True)


def delete_question(job_id: str, message_id: int, locale: str | None) -> ui.View:
    """The answers to whether the job's files and that message are to be deleted."""
    return view_with(
        ui.Button(
            label=translated("button_delete_it", locale),
            style=discord.ButtonStyle.danger,
            custom_id=f"{_PREFIX}delete-it:{job_id}:{message_id}",
        ),
        ui.Button(label=translated("button_keep_it", locale), custom_id=f"{_PREFIX}keep-it:{job_id}"),
    )


def job_button(verb: Verb, job_id: str, locale: str | None) -> ui.Button[Any]:
    """The button, labelled in that language."""
    emoji, style = _LOOKS[verb]
    label = translated(f"button_{verb}", locale)
    return ui.Button(label=label, emoji=emoji, style=style, custom_id=f"{_PREFIX}{verb}:{job_id}")
