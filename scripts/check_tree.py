"""Checks of the tree that no linter makes: the locks, the addresses in them, and paths of somebody's machine."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).parents[1]
LOCKS = ("runtime", "dev", "decart-new", "decart-old", "fal")
ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links|\bfile:")
PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,-]+\])?==[^ ]+( ;.*)? \\$")


def lock_problems(name: str) -> Iterator[str]:
    text = (REPO / "requirements" / f"{name}.txt").read_text()
    if ADDRESS.search(text):
        yield f"requirements/{name}.txt names an index or an address"
    for block in re.split(r"\n(?=\S)", text):
        first = block.splitlines()[0]
        if first.startswith("#"):
            continue
        if not PINNED.match(first) or "--hash=sha256:" not in block:
            yield f"requirements/{name}.txt: not pinned with a hash: {first}"


def stale_locks() -> Iterator[str]:
    """Locks that no longer answer their .in file. The old lock is the preference, so newer releases don't count."""
    uv = Path(sys.executable).parent / "uv"
    for name in LOCKS:
        with tempfile.TemporaryDirectory() as folder:
            again = Path(folder) / "again.txt"
            again.write_text((REPO / "requirements" / f"{name}.txt").read_text())
            options = "--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links"
            command = [str(uv), "pip", "compile", *options.split(), "--no-header", "-q", "-o", str(again), f"{name}.in"]
            done = subprocess.run(command, cwd=REPO / "requirements", capture_output=True, text=True, check=False)
            if done.returncode:
                yield f"requirements/{name}.in can't be resolved: {done.stderr.strip()}"
            elif pins(again.read_text()) != pins((REPO / "requirements" / f"{name}.txt").read_text()):
                yield f"requirements/{name}.txt does not answer {name}.in: run make lock"


def pins(text: str) -> set[str]:
    return {line.removesuffix("\\").strip() for line in text.splitlines() if "==" in line and not line.startswith(" ")}


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, check=True, text=True).stdout
    return [REPO / name for name in listing.split("\0") if name]


def machine_paths() -> Iterator[str]:
    """Tracked text files that name this checkout's or this user's folder."""
    needles = {str(REPO), str(Path.home())} - {"/", ""}
    for path in tracked():
        if path.suffix in {".png", ".mp4", ".jpg"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from (f"{path.relative_to(REPO)} names {needle}" for needle in needles if needle in text)


def main() -> int:
    problems = [problem for name in LOCKS for problem in lock_problems(name)]
    problems += [*stale_locks(), *machine_paths()]
    if (REPO / "uv.lock").exists():
        problems.append("uv.lock records download addresses: remove it")
    print("\n".join(problems) or "the locks are pinned, hashed, without addresses and up to date")
    return bool(problems)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(main())
