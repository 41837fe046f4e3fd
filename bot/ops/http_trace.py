"""Counts the requests of a client whose own code we can't change."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp
from prometheus_client import Counter

_SWITCHED = 101


def counting(requests: Counter) -> aiohttp.TraceConfig:
    """For an aiohttp session: counts by method and by class of status; 429 has a label of its own."""

    async def answered(_: aiohttp.ClientSession, __: SimpleNamespace, done: aiohttp.TraceRequestEndParams) -> None:
        status = done.response.status
        if status == _SWITCHED:
            return  # the gateway's connection, which is no request
        requests.labels(done.method, "429" if status == 429 else f"{status // 100}xx").inc()

    async def failed(_: aiohttp.ClientSession, __: SimpleNamespace, done: aiohttp.TraceRequestExceptionParams) -> None:
        requests.labels(done.method, "no_answer").inc()

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(answered)
    trace.on_request_exception.append(failed)
    return trace
