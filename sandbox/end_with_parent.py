"""`python -m sandbox.end_with_parent PARENT MODULE …`: become `python -m MODULE …`, and get SIGTERM when PARENT ends.

PARENT is a process id. It may end in any way, SIGKILL included, which leaves it no time to stop its children. Only
Linux can do that; elsewhere the module simply runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(module: list[str], parent: int) -> None:
    """Never returns. `parent` may have ended already: then this process exits."""
    if sys.platform == "linux":
        # The order survives exec; SIGTERM and not SIGKILL, so that what was begun is left in order.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(f"the process {parent} that started {module[0]} has ended")
    os.execv(sys.executable, [sys.executable, "-m", *module])  # noqa: S606 - our own interpreter, and no shell


if __name__ == "__main__":
    main(sys.argv[2:], int(sys.argv[1]))
