"""The pages name what is there: files that exist, and every command."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.rules.catalog import Operation

REPO = Path(__file__).parents[2]
PAGES = [*sorted((REPO / "docs").glob("*.md")), REPO / "README.md", REPO / "CONTRIBUTING.md"]
NAMED = re.compile(r"`((?:bot|cogs|sandbox|scripts|tests|benchmarks|requirements|docs)/[\w./*-]*[\w*/])`")
LINKED = re.compile(r"\]\(([\w./-]+)(?:#[\w-]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [name for name in NAMED.findall(text) if not any(REPO.glob(name.rstrip("/")))]
    missing += [link for link in LINKED.findall(text) if not (page.parent / link).exists()]
    assert missing == []


def test_every_method_and_field_that_the_page_of_the_architecture_names_is_there() -> None:
    named = re.findall(r"`([A-Z]\w+)\.(\w+)`", (REPO / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert named
    bodies: dict[str, set[str]] = {}
    for path in [*(REPO / "bot").rglob("*.py"), *(REPO / "cogs").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                fields = {ast.unparse(part.target) for part in node.body if isinstance(part, ast.AnnAssign)}
                methods = {getattr(part, "name", "") for part in node.body}
                bodies.setdefault(node.name, set()).update(fields | methods)
    assert [f"{owner}.{name}" for owner, name in named if name not in bodies.get(owner, set())] == []


def commands() -> Iterator[str]:
    """The names of all slash commands and groups: the operations, and what the decorators in `cogs` are given."""
    yield from Operation
    for path in (REPO / "cogs").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef):
                made = [ast.unparse(decorator) for decorator in node.decorator_list]
                yield from (_name(call) or node.name for call in made if call.startswith("app_commands.command("))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "app_commands.Group":
                yield _name(ast.unparse(node))


def _name(call: str) -> str:
    found = re.search(r"\bname='(\w+)'", call)
    return found[1] if found else ""


def test_the_readme_names_every_command() -> None:
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    found = set(commands())
    assert {"t2v", "help", "limits"} <= found
    missing = sorted(f"/{name}" for name in found if f"`/{name}" not in readme)
    if missing:
        pytest.fail(f"add to a table of commands in README.md: {', '.join(missing)}", pytrace=False)
