"""One name, one meaning: a stranger finds a room by a name alone, and no search for a name finds two things."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ONE_SUBJECT = "what it is, its rows, what may be done with it, how it looks, its command: one subject in several rings"
BOTH_SERVICES = "the same part of the clients of the two services' queues"
MODULES = {
    "__init__": "a package",
    "changes": "what is changed: in a member's file, and by the panel in a guild's settings",
    "chart": ONE_SUBJECT,
    "calls": BOTH_SERVICES,
    "client": "the clients of both services' queues, and Discord's",
    "context": ONE_SUBJECT,
    "controls": ONE_SUBJECT,
    "delivery": ONE_SUBJECT,
    "drafts": ONE_SUBJECT,
    "forms": "Discord's modals: those of commands, and the panel's",
    "guild_settings": ONE_SUBJECT,
    "health": ONE_SUBJECT,
    "jobs": ONE_SUBJECT,
    "limits": ONE_SUBJECT,
    "media": ONE_SUBJECT,
    "moderation": ONE_SUBJECT,
    "notices": ONE_SUBJECT,
    "own_jobs": ONE_SUBJECT,
    "protocol": BOTH_SERVICES,
    "responses": BOTH_SERVICES,
    "services": "what the pipeline asks of a video service, and what commands ask of the bot",
    "settings": "the operator's, a guild's, and the command for the latter",
    "statistics": ONE_SUBJECT,
    "usage": ONE_SUBJECT,
    "video_service": BOTH_SERVICES,
    "wire": BOTH_SERVICES,
}
CLASSES: Mapping[str, str] = {}
FUNCTIONS = {
    "setup": "discord.py calls it in every cog",
    "upgrade": "alembic calls it in every migration",
    "main": "where a program begins",
    "migrate": "the command, and what it does",
}


def modules() -> Iterator[Path]:
    return (path for top in ("bot", "cogs") for path in sorted((ROOT / top).rglob("*.py")))


def room_of(path: Path) -> str:
    """The folder below `bot`, or the file there: functions of one room may share a name with those beside them."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "bot" else parts[0]


def public(word: str) -> Mapping[str, list[Path]]:
    """The modules that define each public name at their outermost level by `class` or `def`."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in modules():
        names = re.findall(rf"^(?:async )?{word} ([A-Za-z]\w*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        for name in names:
            found[name].append(path)
    return found


def told(clashes: Mapping[str, list[Path]]) -> str:
    lines = (f"{name}: {', '.join(str(p.relative_to(ROOT)) for p in paths)}" for name, paths in sorted(clashes.items()))
    return "rename all but one of each, or give a reason in tests/unit/test_names.py:\n" + "\n".join(lines)


def test_no_two_modules_of_one_name_mean_different_things() -> None:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in modules():
        found[path.stem].append(path)
    clashes = {stem: paths for stem, paths in found.items() if len(paths) > 1 and stem not in MODULES}
    if clashes:
        pytest.fail(told(clashes), pytrace=False)


def test_no_two_classes_have_one_name() -> None:
    clashes = {name: paths for name, paths in public("class").items() if len(paths) > 1 and name not in CLASSES}
    if clashes:
        pytest.fail(told(clashes), pytrace=False)


def test_no_two_functions_of_different_rooms_have_one_name() -> None:
    found = public("def")
    clashes = {
        name: paths for name, paths in found.items() if len({*map(room_of, paths)}) > 1 and name not in FUNCTIONS
    }
    if clashes:
        pytest.fail(told(clashes), pytrace=False)
