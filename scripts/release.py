"""Make what a release consists of in `dist/`: wheel, sdist, image context and their checksums.

The same commit gives the same bytes: only tracked files go in, with fixed modes, and every time in the archives is
`SOURCE_DATE_EPOCH` (the commit's time where it is not set). `make release` builds twice and compares.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

REPO = Path(__file__).parents[1]
IMAGE = ("Dockerfile", ".dockerignore", "requirements/runtime.txt", "bot", "cogs")
"""What `docker build` needs: the image context."""
_SDIST_AND_WHEEL = """
import sys
from setuptools import build_meta
out = sys.argv[1]  # setuptools has arguments of its own there
build_meta.build_sdist(out)
build_meta.build_wheel(out)
"""


def build(out: Path, *, source: Path = REPO) -> list[Path]:
    """Every file of the release, in `out`, which is made. Raises `SystemExit` with what the build said if it fails."""
    epoch = _epoch(source)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        tree = Path(folder) / "tree"
        _export(source, tree, epoch)
        made = Path(folder) / "made"
        made.mkdir()
        environment = {"PATH": os.defpath, "HOME": folder, "SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-c", _SDIST_AND_WHEEL, str(made)]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the build failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        wheel, sdist = next(made.glob("*.whl")), next(made.glob("*.tar.gz"))
        (out / wheel.name).write_bytes(wheel.read_bytes())
        (out / sdist.name).write_bytes(_tar(_members(sdist), epoch))
        context = out / f"{sdist.name.removesuffix('.tar.gz')}-image.tar.gz"
        context.write_bytes(_tar(_files(tree, IMAGE), epoch))
    files = [out / wheel.name, out / sdist.name, context]
    sums = out / "SHA256SUMS"
    sums.write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files))
    return [*files, sums]


def _epoch(source: Path) -> int:
    said = os.environ.get("SOURCE_DATE_EPOCH")
    return int(said or _git(source, "log", "-1", "--format=%ct"))


def _git(source: Path, *command: str) -> str:
    return subprocess.run(["git", *command], cwd=source, capture_output=True, check=True, text=True).stdout


def _export(source: Path, tree: Path, epoch: int) -> None:
    """The tracked files alone, with modes that don't depend on who checked them out."""
    for name in _git(source, "ls-files", "-z").split("\0"):
        origin, copy = source / name, tree / name
        if not name or not origin.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(origin.read_bytes())
        copy.chmod(0o755 if origin.stat().st_mode & 0o100 else 0o644)
        os.utime(copy, (epoch, epoch))


def _members(archive: Path) -> Iterator[tuple[str, int, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            opened = tar.extractfile(member) if member.isfile() else None
            if opened is not None:
                yield member.name, member.mode, opened.read()


def _files(tree: Path, names: Iterable[str]) -> Iterator[tuple[str, int, bytes]]:
    for name in names:
        top = tree / name
        for path in [top] if top.is_file() else (path for path in top.rglob("*") if path.is_file()):
            yield path.relative_to(tree).as_posix(), path.stat().st_mode, path.read_bytes()


def _tar(files: Iterable[tuple[str, int, bytes]], epoch: int) -> bytes:
    """Sorted by name, nobody's, all of one time."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, mode, content in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), epoch, 0o755 if mode & 0o100 else 0o644
            tar.addfile(entry, io.BytesIO(content))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=epoch, filename="") as file:
        file.write(plain.getvalue())
    return packed.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPO / "dist", help="the folder to write to (dist)")
    out = parser.parse_args().out
    if _git(REPO, "status", "--porcelain"):
        print(
            "note: the checkout has changes that are not committed; a release is made of a clean one", file=sys.stderr
        )
    files = build(out)
    with tempfile.TemporaryDirectory(prefix="release-again-") as folder:
        again = build(Path(folder))
        different = [a.name for a, b in zip(files, again, strict=True) if a.read_bytes() != b.read_bytes()]
    if different:
        print(f"built twice, these differ: {', '.join(different)}", file=sys.stderr)
        return 1
    print("\n".join(str(file) for file in files))
    print("built twice, byte for byte the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
