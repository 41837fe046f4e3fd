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

SLOWEST_FIRST = ("chaos", "end_to_end", "adapters", "unit")
"""The folders in the order in which they are begun, so that no long test is left for the end, when the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = len(Path(__file__).parts) - 1
    items.sort(key=lambda item: SLOWEST_FIRST.index(item.path.parts[here]))
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))  # in one process, and so in one Chromium


def pytest_collection_finish() -> None:
    """What is imported stays to the end: no search for garbage looks through it again, for a tenth of a second each."""
    gc.collect()
    gc.freeze()
