"""`python -m sandbox.queue_api`: the stand-in alone, until it is interrupted."""

from __future__ import annotations

import argparse

from sandbox.queue_api.server import QueueStandIn
from sandbox.service.server import add_options, run


def main() -> None:
    """Read the options, listen, print the address."""
    options = argparse.ArgumentParser(prog="python -m sandbox.queue_api", description=__doc__)
    add_options(options)
    options.add_argument("--api-key", default="sandbox-key")
    options.add_argument("--pending-seconds", type=float, default=1.5)
    options.add_argument("--processing-seconds", type=float, default=4.0)
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
    run(standin, host=chosen.host, port=chosen.port)


if __name__ == "__main__":
    main()
