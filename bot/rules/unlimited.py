"""What nothing limits, so that the operator who pays is told of it and need not find out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.rules.catalog import Model
from bot.rules.limit_rules import Rule, Scope, Unit, Window

_NAMED = 5


def unlimited(operator: Sequence[Rule], models: Iterable[Model]) -> Iterator[str]:
    """One line for each thing, for the log and the doctor."""
    lasting = [rule for rule in operator if rule.window not in {Window.AT_ONCE, Window.COOLDOWN}]
    if not any(rule.scope in {Scope.EVERYONE, Scope.BOT} for rule in lasting):
        yield "nothing limits what a member makes in direct messages, and in servers that they bring the bot to"
    elif not any(rule.unit is Unit.COST for rule in lasting):
        yield "nothing limits what jobs cost"
    free = [model.name for model in models if not model.dollars_per_video and not model.dollars_per_second]
    if free:
        more = f" and {len(free) - _NAMED} more" * (len(free) > _NAMED)
        yield f"limits on cost do not see models without a price: {', '.join(free[:_NAMED])}{more}"
