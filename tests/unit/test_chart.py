"""What a chart's labels say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.media.chart import labelled_bars


@pytest.mark.parametrize("bars", [1, 2, 7, 8, 30, 31, 90])
def test_the_last_bar_has_a_label_and_the_labels_are_few_and_at_even_steps(bars: int) -> None:
    found = labelled_bars(bars)
    assert found[-1] == bars - 1
    assert 1 <= len(found) <= 7
    assert len({after - before for before, after in pairwise(found)}) <= 1
