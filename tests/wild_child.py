"""A child that does what a decoder broken by a stranger's file might do, under the real one's limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bot.media.child import limit, take_order


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    limit(*map(int, sys.argv[1:4]))
    order = take_order()
    match order["task"]:
        case "environment":
            say(json.dumps({"environment": dict(os.environ), "path": sys.path, "folder": str(Path.cwd())}))
        case "memory":
            hoard = [bytearray(64 * 1024 * 1024) for _ in range(1000)]
            say(json.dumps({"got": len(hoard)}))
        case "loop":
            while True:
                pass
        case "sleep":
            grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
            Path(order["note"]).write_text(f"{os.getpid()} {grandchild.pid}", encoding="ascii")
            time.sleep(300)
        case "flood":
            while True:
                os.write(1, b"x" * 65_536)
        case "complain":
            for _ in range(500):
                os.write(2, b"y" * 65_536)
            sys.exit(3)
        case "large file":
            with Path(order["to"]).open("wb") as file:
                for _ in range(100):
                    file.write(bytes(1024 * 1024))
            say(json.dumps({"wrote": True}))
        case "many files":
            opened = [Path("/dev/null").open() for _ in range(1000)]  # noqa: SIM115  # to hold them all
            say(json.dumps({"opened": len(opened)}))
        case "die":
            os.kill(os.getpid(), 11)
        case "error":
            say(json.dumps({"error": order["name"], "facts": order["facts"]}))
        case other:
            say(other)


if __name__ == "__main__":
    main()
