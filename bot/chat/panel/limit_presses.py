"""What presses, choices and forms of the panel's pages on limits do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import reduce

from discord import ui

from bot.chat.inputs.forms import FormValues
from bot.chat.limit_changes import rework_limits
from bot.chat.panel.changes import check_ids
from bot.chat.panel.limit_forms import (
    BlockForm,
    LimitForm,
    amount_form,
    block_form,
    limit_form,
    read_amount_form,
    read_block_form,
    read_limit_form,
)
from bot.chat.panel.pages import preset_view
from bot.chat.panel.parts import PanelPage
from bot.chat.panel.press import Press, Unsaved, scene_of
from bot.chat.settings_text import Names, block_text, rule_text
from bot.errors import PanelOutdated, RuleUnknown
from bot.rules.guild_settings_file import diff
from bot.rules.limit_codes import key_of
from bot.rules.limit_presets import LimitPreset, with_preset
from bot.rules.limit_rules import LimitBook, Rule, Scope, make_block, make_rule, read_amount
from bot.wording import Markup


class LimitPresses:
    """`forms` are the controls that open a form, and `controls` the others and the forms themselves."""

    def __init__(self, unsaved: Unsaved) -> None:
        self._unsaved = unsaved
        self.forms: Mapping[str, Callable[[Press], ui.Modal]] = {
            "limit": self._ask_limit,
            "amount": self._ask_amount,
            "block": self._ask_block,
        }
        self.controls: Mapping[str, Callable[[Press], Awaitable[None]]] = {
            "newlimit": self._add,
            "newamount": self._set_amount,
            "unlimit": self._remove,
            "preset": self._look_at_preset,
            "usepreset": self._use_preset,
            "newblock": self._block,
            "unblock": self._unblock,
        }

    # ---- forms, which are the first response: nothing is asked before it

    def _ask_limit(self, press: Press) -> ui.Modal:
        scope = _scope(press.values[0] if press.values else "")
        filled = self._unsaved.get(press, f"limit {scope}") or LimitForm(scope=scope)
        return limit_form(press.part, filled, press.by.locale)

    def _ask_amount(self, press: Press) -> ui.Modal:
        code, _, amount = (press.values[0] if press.values else "").partition(":")
        key_of(code)
        filled = self._unsaved.get(press, f"amount {code}") or amount[:20]
        return amount_form(press.part, code, filled, press.by.locale)

    def _ask_block(self, press: Press) -> ui.Modal:
        return block_form(press.part, self._unsaved.get(press, "block") or BlockForm(), press.by.locale)

    # ---- limits

    async def _add(self, press: Press) -> None:
        """Add the form's limit, or set another amount for one that is there."""
        scope = _scope(press.part.what)
        form = read_limit_form(FormValues(press.interaction.data), scope)
        made: list[Rule] = []

        async def save() -> None:
            made.append(form.rule(_target(press, form)))
            await rework_limits(press.interaction, press.by, lambda book: book.with_rule(made[0]))

        def told() -> str:
            return press.say("limit_set", rule=Markup(rule_text(made[0], press.names)))

        used = (int(form.target),) if scope is Scope.CHANNEL and form.target.isdecimal() else ()
        with self._unsaved.keeping(press, f"limit {scope}", form) as kept:
            kept.saved = await press.save(save, told, used_channels=used)

    async def _set_amount(self, press: Press) -> None:
        code, amount = press.part.what, read_amount_form(FormValues(press.interaction.data))
        made: list[Rule] = []

        def change(book: LimitBook) -> LimitBook:
            old = book.rule(key_of(code))
            new = make_rule(old.scope, read_amount(amount), old.window, unit=old.unit, target_id=old.target_id)
            made[:] = [new]
            return book.with_rule(new)

        async def save() -> None:
            await rework_limits(press.interaction, press.by, change)

        def told() -> str:
            return press.say("limit_set", rule=Markup(rule_text(made[0], press.names)))

        with self._unsaved.keeping(press, f"amount {code}", amount) as kept:
            kept.saved = await press.save(save, told)

    async def _remove(self, press: Press) -> None:
        removed: list[Rule] = []

        def change(book: LimitBook) -> LimitBook:
            removed[:] = [book.rule(key_of(code)) for code in press.values]
            return reduce(LimitBook.without_rule, (rule.key for rule in removed), book)

        async def save() -> None:
            if not press.values:
                raise RuleUnknown
            await rework_limits(press.interaction, press.by, change)

        def told() -> str:
            lines = ", ".join(rule_text(rule, press.names) for rule in removed)
            return press.say("limit_removed", rule=Markup(lines))

        await press.save(save, told)

    async def _look_at_preset(self, press: Press) -> None:
        """Say what the preset means and would change; nothing is saved."""
        preset = _preset(press.values[0] if press.values else "")
        now = await press.guild_settings()
        after = now.amended(limits=with_preset(now.limits, preset))
        scene = await scene_of(press.interaction, press.guild, press.by, now, page=PanelPage.LIMITS)
        view = preset_view(scene, preset, diff(now, after))
        await press.interaction.edit_original_response(view=view)

    async def _use_preset(self, press: Press) -> None:
        """Save all of the preset's limits at once, where the settings still are what was shown."""
        preset = _preset(press.part.what)

        async def save() -> None:
            limits = with_preset((await press.guild_settings()).limits, preset)
            await press.services.guilds.amend(press.guild.id, press.by, press.part.version, limits=limits)

        await press.save(save, lambda: press.say("preset_used", preset=press.say(f"preset_{preset}")), what="")

    # ---- members

    async def _block(self, press: Press) -> None:
        form, now = read_block_form(FormValues(press.interaction.data)), press.interaction.created_at
        names = Names(press.guild, press.by.locale)

        async def save() -> None:
            await rework_limits(press.interaction, press.by, lambda book: book.with_block(block, now))

        if not form.user.isdecimal():
            raise PanelOutdated
        block = make_block(int(form.user), form.reason, form.length, now)
        with self._unsaved.keeping(press, "block", form) as kept:
            told = press.say("limits_blocked", block=Markup(block_text(block, names)))
            kept.saved = await press.save(save, lambda: told)

    async def _unblock(self, press: Press) -> None:
        users = [int(value) for value in press.values if value.isdecimal()]

        async def save() -> None:
            await rework_limits(press.interaction, press.by, lambda book: reduce(LimitBook.without_block, users, book))

        await press.save(save, lambda: "\n".join(press.say("limits_unblocked", member_id=user) for user in users))


def _target(press: Press, form: LimitForm) -> int | None:
    """The role or channel of the form; without a channel it is the one where the panel is. None: none is needed, or a
    role is missing. Raises the `Refused` of one that is not of this server."""
    if form.scope is Scope.ROLE:
        there = press.known.role_ids
    elif form.scope is Scope.CHANNEL:
        there = press.known.channel_ids
    else:
        return None
    if not form.target:
        return (press.by.parent_channel_id or press.by.channel_id) if form.scope is Scope.CHANNEL else None
    return next(iter(check_ids([form.target], there, "limits.rules")))


def _scope(word: str) -> Scope:
    """Raises `PanelOutdated` for what no panel offers."""
    if word not in set(Scope) or word == Scope.BOT:
        raise PanelOutdated
    return Scope(word)


def _preset(word: str) -> LimitPreset:
    """Raises `PanelOutdated` for what no panel offers."""
    if word not in set(LimitPreset):
        raise PanelOutdated
    return LimitPreset(word)
