"""Prove the Dockerfile where no container engine is at hand: run its own COPY and RUN steps in a clean environment.

Each absolute path of the image is put below a temporary folder, the environment is emptied but for PATH and HOME, and
at the end the entry point is started. `useradd` is left out: it would change this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).parents[1]
IMAGE_PATHS = re.compile(r"(?<![\w.])/(opt|srv|build|data)\b")


def steps(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, rest) for each line, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", dockerfile)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines]


def prove(root: Path) -> None:
    """Carry out every step below `root`; raises on the first that fails."""
    python = Path(sys.executable).resolve()
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").symlink_to(python)
    environment = {"PATH": f"{root / 'bin'}:/usr/bin:/bin", "HOME": str(root)}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    environment["PIP_COMPILE"] = "0"  # half of the time, and the compiled files prove nothing
    workdir, entry = root, ["python"]
    for instruction, rest in steps((REPO / "Dockerfile").read_text()):
        here = IMAGE_PATHS.sub(lambda match: f"{root}{match.group()}", rest)
        print(instruction, rest, flush=True)
        if instruction == "COPY" and "--from=" not in rest:
            source, target = here.split()
            copy(REPO / source, Path(target))
        elif instruction == "RUN":
            command = re.sub(r"&& useradd .*", "", here)
            subprocess.run(["/bin/sh", "-ec", command], check=True, env=environment, cwd=workdir)
        elif instruction == "WORKDIR":
            workdir = Path(here)
        elif instruction == "ENV":
            pairs = (pair.split("=", 1) for pair in here.split())
            environment |= {name: value.replace("$PATH", environment["PATH"]) for name, value in pairs}
        elif instruction == "ENTRYPOINT":
            entry = json.loads(rest)
    Path(environment["DATA_DIR"]).mkdir(exist_ok=True)
    subprocess.run([*entry, "--help"], check=True, env=environment, cwd=workdir, stdout=subprocess.DEVNULL)
    unset = subprocess.run([*entry, "run"], check=False, env=environment, cwd=workdir, capture_output=True, text=True)
    if unset.returncode != 2 or "DISCORD_TOKEN" not in unset.stderr or "Traceback" in unset.stderr:
        raise SystemExit(f"without settings the image should say what to set: {unset.returncode} {unset.stderr}")
    print("the image's steps work: " + " ".join(entry))


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="clapper-image-") as folder:
        prove(Path(folder))
