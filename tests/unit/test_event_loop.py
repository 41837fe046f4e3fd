"""Which event loop a process gets."""

from __future__ import annotations

import asyncio
import importlib.util
import sys

import pytest

from bot.wiring.event_loop import new_event_loop


def module_of_the_loop() -> str:
    async def ask() -> str:
        return type(asyncio.get_running_loop()).__module__

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(ask())


def test_where_uvloop_is_installed_a_process_runs_on_it() -> None:
    installed = importlib.util.find_spec("uvloop") is not None
    assert module_of_the_loop().startswith("uvloop" if installed else "asyncio.")


def test_where_uvloop_is_not_installed_a_process_runs_on_pythons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert module_of_the_loop().startswith("asyncio.")
