"""`python -m sandbox.fal`: the stand-in alone, until it is interrupted."""

from __future__ import annotations

import argparse

from sandbox.fal.server import FalStandIn
from sandbox.service.server import add_options, run


def main() -> None:
    """Read the options, listen, print the addresses. The port is the queue's."""
    options = argparse.ArgumentParser(prog="python -m sandbox.fal", description=__doc__)
    add_options(options)
    options.add_argument("--key", default="sandbox-id:sandbox-secret")
    options.add_argument("--wait-seconds", type=float, default=1.5, help="in the queue, at least")
    options.add_argument("--work-seconds", type=float, default=4.0)
    options.add_argument("--at-once", type=int, default=2, help="how many jobs are worked on at a time")
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
    run(standin, host=chosen.host, port=chosen.port)


if __name__ == "__main__":
    main()
