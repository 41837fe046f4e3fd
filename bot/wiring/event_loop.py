"""The event loop of a process: uvloop's, which is written in C, where the system has it; else Python's own."""

from __future__ import annotations

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """For `asyncio.Runner`. uvloop's takes about an eighth less of the processor time of a job."""
    try:
        import uvloop  # noqa: PLC0415  # not every system has it
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
