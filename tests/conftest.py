"""What all tests share: their order, and that hypothesis draws the same examples in every run of the gate, untimed."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("here", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "here")

WAITING, COMPUTING = "end_to_end", ("adapters", "unit")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--presses 10000` for the long form of the random run."""
    parser.addoption("--presses", type=int, default=400, help="how many random presses are tried against a plain model")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))  # in one process, and so in one Chromium
    if hasattr(config, "workerinput"):
        _mix(items)


def _mix(items: list[pytest.Item]) -> None:
    """Where several processes share the tests: the storms, which are the longest, come first; then those that wait for
    other processes among those that compute, so that no core idles; and none that waits is left for the end."""
    here = len(Path(__file__).parts) - 1
    folders = [item.path.parts[here] for item in items]
    waiting = [item for item, folder in zip(items, folders, strict=True) if folder == WAITING]
    computing = [item for name in COMPUTING for item, folder in zip(items, folders, strict=True) if folder == name]
    places = {item: 0.8 * number / len(waiting) for number, item in enumerate(waiting)}
    places |= {item: number / len(computing) for number, item in enumerate(computing)}
    items.sort(key=lambda item: places.get(item, -1.0))


def pytest_collection_finish() -> None:
    """What is imported stays to the end: no search for garbage looks through it again, for a tenth of a second each."""
    gc.collect()
    gc.freeze()
