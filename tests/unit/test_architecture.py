"""Who may import whom (docs/architecture.md): read from the code itself, so that no breach goes unseen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The longest name that a module's begins with says its room. Rings: 0 rules, 1 adapters, 2 work, 3 chat, 4 entry.
RINGS = {
    "bot": 0,
    "bot.errors": 0,
    "bot.settings": 0,
    "bot.rules": 0,
    "bot.wording": 0,
    "bot.queue": 1,
    "bot.queue.protocol": 0,
    "bot.queue.reasons": 0,
    "bot.queue.responses": 0,
    "bot.media": 1,
    "bot.store": 1,
    "bot.files": 1,
    "bot.download": 1,
    "bot.ops": 1,
    "bot.work": 2,
    "bot.chat": 3,
    "cogs": 3,
    "bot.wiring": 4,
    "bot.app": 4,
    "bot.cli": 4,
    "bot.doctor": 4,
    "bot.__main__": 4,
}
ADAPTERS = ("bot.queue", "bot.media", "bot.store", "bot.files", "bot.download", "bot.ops")

# Outside libraries, by who may import them; what is not named here anyone may (typing's and the standard library's).
OUTSIDE = {
    "discord": ("bot.chat", "cogs", "bot.wiring", "bot.app", "bot.doctor"),
    "aiohttp": ("bot.queue", "bot.download", "bot.ops", "bot.wiring", "bot.doctor"),
    "sqlalchemy": ("bot.store", "bot.wiring"),
    "alembic": ("bot.store",),
    "psycopg": ("bot.store",),
    "procrastinate": ("bot.store",),
    "cryptography": ("bot.store", "bot.ops"),
    "obstore": ("bot.files", "bot.doctor"),
    "av": ("bot.media", "bot.doctor"),
    "PIL": ("bot.media",),
    "pillow_heif": ("bot.media",),
    "matplotlib": ("bot.media",),
    "prometheus_client": ("bot.ops",),
    "click": ("bot.cli",),
    "babel": ("bot.wording",),
}
RULES_MAY_IMPORT = {"pydantic", "pydantic_settings", "dotenv", "babel"}


def _modules(*tops: str) -> Iterator[tuple[str, Path]]:
    for top in tops:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _imports(path: Path, *, at_run_time_only: bool = False) -> set[str]:
    """Every module or name that is imported, `from a import b` as `a.b`; optionally without those for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    if at_run_time_only:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                skipped |= {id(inner) for statement in node.body for inner in ast.walk(statement)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _room(name: str) -> str | None:
    """The longest known beginning of a module's or a name's dotted path."""
    while name:
        if name in RINGS:
            return name
        name = name.rpartition(".")[0]
    return None


def _adapter(name: str) -> str | None:
    return next((room for room in ADAPTERS if name == room or name.startswith(room + ".")), None)


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def _may_import(module: str, ring: int, name: str) -> bool:
    other = _room(name)
    if other is None:
        return name.split(".", maxsplit=1)[0] not in {"sandbox", "tests", "benchmarks"}
    if RINGS[other] > ring:
        return False
    match ring, RINGS[other]:
        case 1, 1:  # adapters don't know each other
            return _adapter(name) == _adapter(module)
        case 3, 1:
            return False
        case 3, 2:
            return name.startswith("bot.work.services")
    return True


OURS = list(_modules("bot", "cogs"))


@pytest.mark.parametrize(("module", "path"), OURS, ids=[module for module, _ in OURS])
def test_a_module_imports_only_what_its_ring_may(module: str, path: Path) -> None:
    room = _room(module)
    assert room is not None, f"{module} has no room in the table"
    ring = RINGS[room]
    breaches = [name for name in _imports(path) if not _may_import(module, ring, name)]
    if module.startswith("cogs"):
        breaches += [name for name in _imports(path) if name.startswith("cogs.")]
    assert breaches == []


@pytest.mark.parametrize(("module", "path"), OURS, ids=[module for module, _ in OURS])
def test_outside_libraries_stay_in_their_rooms(module: str, path: Path) -> None:
    tops = {name.split(".")[0] for name in _imports(path)}
    assert {top for top in tops & OUTSIDE.keys() if not _within(module, OUTSIDE[top])} == set()


def test_rules_need_nothing_but_the_standard_library_and_pydantic() -> None:
    import sys  # noqa: PLC0415  # its list of the standard library's modules

    known = set(sys.stdlib_module_names) | RULES_MAY_IMPORT | {"bot"}
    strange = {
        (module, name)
        for module, path in OURS
        if RINGS[_room(module) or "bot"] == 0
        for name in _imports(path)
        if name.split(".")[0] not in known
    }
    assert strange == set()


def test_rules_read_no_clock_and_no_environment() -> None:
    for module, path in _modules("bot/rules"):
        if module == "bot.rules.clock":
            continue
        text = path.read_text(encoding="utf-8")
        assert "datetime.now(" not in text, module
        assert not {"time", "os", "asyncio", "random"} & _imports(path), module


def test_nothing_but_the_settings_reads_the_environment() -> None:
    readers = {
        module
        for module, path in OURS
        if "os.environ" in path.read_text(encoding="utf-8") or "os.getenv" in path.read_text(encoding="utf-8")
    }
    assert readers - {"bot.settings"} <= {"bot.media.guard", "bot.media.child"}


def test_the_sandbox_and_the_bot_know_nothing_of_each_other() -> None:
    for module, path in _modules("sandbox"):
        assert {name for name in _imports(path) if name.split(".")[0] in {"bot", "cogs"}} == set(), module


def test_modules_import_each_other_without_a_circle() -> None:
    names = {module for module, _ in OURS}
    graph = {
        module: {found for name in _imports(path, at_run_time_only=True) if (found := _module_of(name, names))}
        for module, path in OURS
    }
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in graph[module] - {module}:
                visit(other, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def _module_of(name: str, names: set[str]) -> str | None:
    while name and name not in names:
        name = name.rpartition(".")[0]
    # A package's own `__init__` that gathers its parts is not a circle of theirs.
    return name or None
