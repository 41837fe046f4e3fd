"""The panel's forms on limits and blocks, and what comes back of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import discord
from discord import ui

from bot.chat.inputs.forms import FormValues, labelled, modal
from bot.chat.panel.parts import USABLE, Part
from bot.rules.limit_rules import BLOCK_LENGTHS, REASON_MAX_CHARS, Rule, Scope, Unit, Window, make_rule, read_amount
from bot.wording import say, translated

_AMOUNT_MAX_CHARS = 12
_TARGET, _AMOUNT, _WINDOW, _UNIT = "target", "amount", "window", "unit"
_MEMBER, _REASON, _LENGTH = "member", "reason", "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitForm:
    """What an admin wrote to add a limit. `target` is a role's or a channel's id, as it came."""

    scope: Scope
    target: str = ""
    amount: str = ""
    window: Window = Window.DAY
    unit: Unit = Unit.JOBS

    def rule(self, target_id: int | None) -> Rule:
        """The rule, for that role or channel. Raises as `make_rule`."""
        return make_rule(self.scope, read_amount(self.amount), self.window, unit=self.unit, target_id=target_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockForm:
    """What an admin wrote to block a member. `length` is a key of `BLOCK_LENGTHS`."""

    user: str = ""
    reason: str = ""
    length: str = "for good"


def limit_form(part: Part, filled: LimitForm, locale: str) -> ui.Modal:
    """Asks for a limit of the scope that `filled` has; `part` is the select that opens the form."""
    units = [(unit.value, translated(f"unit_{unit}", locale)) for unit in Unit]
    windows = [(window.value, translated(_window_key(window), locale)) for window in Window]
    parts = [
        labelled("form_amount", _amount(filled.amount), locale, "form_amount_about"),
        labelled("form_window", _select(_WINDOW, windows, filled.window), locale),
        labelled("form_unit", _select(_UNIT, units, filled.unit), locale, "form_unit_about"),
    ]
    chosen = [int(filled.target)] if filled.target.isdecimal() else []
    if filled.scope is Scope.ROLE:
        roles = ui.RoleSelect[Any](custom_id=_TARGET, required=True, default_values=_defaults(chosen, "role"))
        parts.insert(0, labelled("form_role", roles, locale))
    elif filled.scope is Scope.CHANNEL:
        channels = ui.ChannelSelect[Any](
            custom_id=_TARGET,
            required=False,
            min_values=0,
            channel_types=list(USABLE),
            default_values=_defaults(chosen, "channel"),
        )
        parts.insert(0, labelled("form_channel", channels, locale, "form_channel_about"))
    title = say("form_limit", locale, scope=translated(f"scope_{filled.scope}", locale))
    return modal(title, replace(part, control="newlimit", what=filled.scope.value).custom_id, *parts)


def read_limit_form(values: FormValues, scope: Scope) -> LimitForm:
    """What no form of ours sends becomes what the form begins with."""
    window, unit = values.chosen(_WINDOW), values.chosen(_UNIT)
    return LimitForm(
        scope=scope,
        target=values.chosen(_TARGET) or "",
        amount=(values.text(_AMOUNT) or "").strip()[:_AMOUNT_MAX_CHARS],
        window=Window(window) if window in set(Window) else Window.DAY,
        unit=Unit(unit) if unit in set(Unit) else Unit.JOBS,
    )


def amount_form(part: Part, code: str, amount: str, locale: str) -> ui.Modal:
    """Asks for another amount of the rule of that code."""
    text = labelled("form_amount", _amount(amount), locale, "form_amount_about")
    return modal(say("form_change_limit", locale), replace(part, control="newamount", what=code).custom_id, text)


def read_amount_form(values: FormValues) -> str:
    """The amount as it was written."""
    return (values.text(_AMOUNT) or "").strip()[:_AMOUNT_MAX_CHARS]


def block_form(part: Part, filled: BlockForm, locale: str) -> ui.Modal:
    """Asks for a member, a reason and for how long; `part` is the button that opens the form."""
    chosen = [int(filled.user)] if filled.user.isdecimal() else []
    member = ui.UserSelect[Any](custom_id=_MEMBER, required=True, default_values=_defaults(chosen, "user"))
    lengths = [(word, translated(f"length_{word}".replace(" ", "_"), locale)) for word in BLOCK_LENGTHS]
    reason = ui.TextInput[ui.Modal](
        custom_id=_REASON, required=False, max_length=REASON_MAX_CHARS, default=filled.reason or None
    )
    return modal(
        say("form_block", locale),
        replace(part, control="newblock", what="").custom_id,
        labelled("form_block_member", member, locale),
        labelled("form_block_reason", reason, locale, "form_block_reason_about"),
        labelled("form_block_length", _select(_LENGTH, lengths, filled.length), locale),
    )


def read_block_form(values: FormValues) -> BlockForm:
    """What no form of ours sends becomes what the form begins with."""
    length = values.chosen(_LENGTH) or ""
    return BlockForm(
        user=values.chosen(_MEMBER) or "",
        reason=(values.text(_REASON) or "").strip()[:REASON_MAX_CHARS],
        length=length if length in BLOCK_LENGTHS else BlockForm().length,
    )


def _amount(filled: str) -> ui.TextInput[ui.Modal]:
    return ui.TextInput(custom_id=_AMOUNT, max_length=_AMOUNT_MAX_CHARS, default=filled or None)


def _select(custom_id: str, options: Iterable[tuple[str, str]], chosen: str) -> ui.Select[Any]:
    found = [discord.SelectOption(value=value, label=label, default=value == chosen) for value, label in options]
    return ui.Select(custom_id=custom_id, options=found, required=True)


def _defaults(ids: Iterable[int], kind: str) -> list[discord.SelectDefaultValue]:
    return [discord.SelectDefaultValue(id=one, type=discord.SelectDefaultValueType[kind]) for one in ids]


def _window_key(window: Window) -> str:
    """A cooldown's amount is a time, which `between two videos` alone does not say."""
    return "form_window_cooldown" if window is Window.COOLDOWN else f"window_{window}".replace(" ", "_")
