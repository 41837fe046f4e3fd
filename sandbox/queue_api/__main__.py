"""`python -m sandbox.queue_api`: the stand-in alone, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from sandbox.queue_api.server import QueueStandIn, serve


def main() -> None:
    """Read the options, listen, print the address."""
    options = argparse.ArgumentParser(prog="python -m sandbox.queue_api", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="0: any free one")
    options.add_argument("--api-key", default="sandbox-key")
    options.add_argument("--pending-seconds", type=float, default=1.5)
    options.add_argument("--processing-seconds", type=float, default=4.0)
    options.add_argument("--keep-seconds", type=float, default=3600.0, help="how long results are kept")
    options.add_argument("--preview-width", type=int, default=480, help="0: the model's own frame")
    options.add_argument("--clip-seconds", type=float, default=3.0)
    options.add_argument("--routes", choices=["all", "2026"], default="all", help="2026: the models served that year")
    chosen = options.parse_args()
    standin = QueueStandIn(
        api_key=chosen.api_key,
        pending_seconds=chosen.pending_seconds,
        processing_seconds=chosen.processing_seconds,
        keep_seconds=chosen.keep_seconds,
        preview_width=chosen.preview_width or None,
        clip_seconds=chosen.clip_seconds,
        routes=chosen.routes,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(standin, chosen.host, chosen.port))


async def _run(standin: QueueStandIn, host: str, port: int) -> None:
    serving = asyncio.ensure_future(serve(standin, host=host, port=port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await serving


if __name__ == "__main__":
    main()
