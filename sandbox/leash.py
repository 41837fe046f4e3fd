"""`python -m sandbox.leash PARENT MODULE …`: become `python -m MODULE …`, told to stop when process PARENT is gone.

However that one ends: kill -9 leaves it no time to end its children. Where the system is not Linux, it only becomes it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(module: list[str], parent: int) -> None:
    """Never returns. `parent` is the process to follow; it may be gone already."""
    if sys.platform == "linux":
        # The order survives exec; SIGTERM and not SIGKILL, so that what was begun is left in order.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(f"the process {parent} that wanted {module[0]} is gone")
    os.execv(sys.executable, [sys.executable, "-m", *module])  # noqa: S606 - our own interpreter, and no shell


if __name__ == "__main__":
    main(sys.argv[2:], int(sys.argv[1]))
