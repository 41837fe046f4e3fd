"""Run by the Python of an environment that holds the published `fal-client`: make it do what stdin describes.

Stdin: {"key", "queue", "rest", "media", "cases": [{"endpoint", "arguments", "files": {field: path}, "start_timeout",
"cancel"}]}. Stdout: a list with, for each case, {"request_id", "statuses", "result", "cancelled"}, or {"error"} with
what else is known. Nothing of Clapper is imported here.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from fal_client import AsyncClient, client


async def run(fal: AsyncClient, case: dict[str, Any]) -> dict[str, Any]:
    outcome: dict[str, Any] = {}
    try:
        arguments = dict(case["arguments"])
        for field, path in case["files"].items():
            arguments[field] = await fal.upload_file(path)
        handle = await fal.submit(case["endpoint"], arguments, start_timeout=case.get("start_timeout"))
        outcome["request_id"] = handle.request_id
        if case.get("cancel"):
            await handle.cancel()
            outcome["cancelled"] = True
        outcome["statuses"] = [type(status).__name__ async for status in handle.iter_events(interval=0.02)]
        outcome["result"] = await handle.get()
    except Exception as exc:  # noqa: BLE001  (whatever the client raises is what the test wants to hear of)
        outcome["error"] = f"{type(exc).__name__}: {exc}"
    return outcome


async def main() -> None:
    order = json.load(sys.stdin)
    # The client has no option for the scheme: its hosts are always https.
    client.QUEUE_URL_FORMAT, client.REST_URL, client.CDN_URL = f"{order['queue']}/", order["rest"], order["media"]
    fal = AsyncClient(key=order["key"])
    sys.stdout.write(json.dumps([await run(fal, case) for case in order["cases"]]))


asyncio.run(main())
