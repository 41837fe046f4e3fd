"""`python -m sandbox.fal`: the stand-in alone, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from sandbox.fal.server import FalStandIn, serve


def main() -> None:
    """Read the options, listen, print the addresses."""
    options = argparse.ArgumentParser(prog="python -m sandbox.fal", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="the queue's port; 0: any free one")
    options.add_argument("--key", default="sandbox-id:sandbox-secret")
    options.add_argument("--wait-seconds", type=float, default=1.5, help="in the queue, at least")
    options.add_argument("--work-seconds", type=float, default=4.0)
    options.add_argument("--at-once", type=int, default=2, help="how many jobs are worked on at a time")
    options.add_argument("--keep-seconds", type=float, default=3600.0, help="how long results are kept")
    options.add_argument("--preview-width", type=int, default=480, help="0: the model's own frame")
    options.add_argument("--clip-seconds", type=float, default=3.0)
    chosen = options.parse_args()
    standin = FalStandIn(
        key=chosen.key,
        wait_seconds=chosen.wait_seconds,
        work_seconds=chosen.work_seconds,
        at_once=chosen.at_once,
        keep_seconds=chosen.keep_seconds,
        preview_width=chosen.preview_width or None,
        clip_seconds=chosen.clip_seconds,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(standin, chosen.host, chosen.port))


async def _run(standin: FalStandIn, host: str, port: int) -> None:
    serving = asyncio.ensure_future(serve(standin, host=host, port=port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await serving


if __name__ == "__main__":
    main()
