"""The README's table of what a command costs with which key says what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.rules.catalog import Model, Operation, ServiceName, load_catalog

ROW = re.compile(r"^ *\| `/(?P<command>\w+)` \| (?P<fal>[^|]+) \| (?P<decart>[^|]+) \|$", re.MULTILINE)
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TABLE = {
    row["command"]: row for row in ROW.finditer(README.partition("with `DECART_API_KEY` |")[2].partition("\n\n")[0])
}


def prices(model: Model) -> set[str]:
    """Every amount that may be said of it: for a video or a second, for each choice, and for a video of its length."""
    known = [model.usual_price, *model.prices.values()]
    dollars = {amount for price in known for amount in (price.dollars_per_video, price.dollars_per_second)}
    dollars |= {price.of(model.output_seconds, 1) for price in known}
    return {f"{amount:.2f}" for amount in dollars if amount}


def test_the_table_has_every_command() -> None:
    assert TABLE.keys() == {operation.value for operation in Operation}


@pytest.mark.parametrize("service", ["decart", "fal"])
@pytest.mark.parametrize("operation", Operation)
def test_each_price_is_a_models_and_each_served_models_price_is_there(
    operation: Operation, service: ServiceName
) -> None:
    told = TABLE[operation.value][service]
    amounts = set(re.findall(r"\$(\d+\.\d\d)", told))
    served = [m for m in load_catalog(services=[service]).of(operation) if (m.last_seen or "2026-08") >= "2026-08"]
    assert bool(served) == bool(amounts), told
    assert all(prices(model) & amounts for model in served), told
    assert amounts <= {amount for model in served for amount in prices(model)}, told
    if served and "usual: " in told:
        usual = told.partition("usual: ")[2].partition(",")[0]
        assert served[0].title.startswith(usual), told
