"""Run by the Python of an environment that holds a published `decart` SDK: make it submit what stdin describes.

Stdin: {"base_url", "cases": [{"model", "inputs": {}, "files": {field: path}}]}. Stdout: a list with, for each case, the
job id or the error. Nothing of Clapper is imported here.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from decart import DecartClient, models


async def submit(client: Any, case: dict[str, Any]) -> dict[str, Any]:
    options = {
        "model": models.video(case["model"]),
        **case["inputs"],
        **{field: Path(path) for field, path in case["files"].items()},
    }
    try:
        job = await client.queue.submit(options)
    except Exception as exc:  # noqa: BLE001  (whatever the SDK raises is what the test wants to hear of)
        return {"error": type(exc).__name__}
    return {"job_id": job.job_id}


async def main() -> None:
    order = json.load(sys.stdin)
    async with DecartClient(api_key="the-key", base_url=order["base_url"]) as client:
        outcomes = [await submit(client, case) for case in order["cases"]]
    sys.stdout.write(json.dumps(outcomes))


warnings.simplefilter("ignore")
asyncio.run(main())
