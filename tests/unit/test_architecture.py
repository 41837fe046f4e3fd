"""Who may import whom (docs/architecture.md): read from the code itself, so that no breach goes unseen."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The longest name that a module's begins with says its room. Rings: 0 rules, 1 adapters, 2 work, 3 chat, 4 entry.
RINGS = {
    "bot": 0,  # the package alone: a new room needs a line of its own
    "bot.__version__": 0,
    "bot.errors": 0,
    "bot.settings": 0,
    "bot.fair_semaphore": 0,
    "bot.rules": 0,
    "bot.wording": 0,
    "bot.http": 0.5,  # what both services' clients are made of: it knows neither, and adapters may import it
    "bot.http.answers": 0,
    "bot.http.reasons": 0,
    "bot.http.results": 0,
    "bot.http.values": 0,
    "bot.queue": 1,
    "bot.queue.checks": 0,
    "bot.queue.protocol": 0,
    "bot.queue.responses": 0,
    "bot.fal": 1,
    "bot.fal.addresses": 0,
    "bot.fal.problems": 0,
    "bot.fal.protocol": 0,
    "bot.fal.responses": 0,
    "bot.fal.storage": 0,
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
ADAPTERS = ("bot.queue", "bot.fal", "bot.media", "bot.store", "bot.files", "bot.download", "bot.ops")

# Outside libraries, by who may import them; what is not named here anyone may (typing's and the standard library's).
OUTSIDE = {
    "discord": ("bot.chat", "cogs", "bot.wiring", "bot.app"),
    "aiohttp": ("bot.http", "bot.queue", "bot.fal", "bot.download", "bot.ops", "bot.wiring"),
    "sqlalchemy": ("bot.store", "bot.wiring"),
    "alembic": ("bot.store",),
    "psycopg": ("bot.store",),
    "procrastinate": ("bot.store",),
    "cryptography": ("bot.store", "bot.ops"),
    "obstore": ("bot.files",),
    "av": ("bot.media",),
    "PIL": ("bot.media",),
    "pillow_heif": ("bot.media",),
    "matplotlib": ("bot.media",),
    "prometheus_client": ("bot.ops",),
    "sentry_sdk": ("bot.ops",),
    "click": ("bot.cli",),
    "babel": ("bot.wording",),
}
RULES_MAY_IMPORT = {"pydantic", "pydantic_core", "pydantic_settings", "dotenv", "babel", "cachetools"}


def _modules(*tops: str) -> Iterator[tuple[str, Path]]:
    for top in tops:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _imports(path: Path) -> set[str]:
    """Every module or name that is imported, for types alone too: `import a.b` as `a.b`, `from a import b` as `a.b`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _loaded_with(module: str, name: str, names: set[str]) -> set[str]:
    """Which of our modules `module` needs for that import: the named one, and the packages that Python runs before it,
    unless `module` itself is in them."""
    target = name
    while target and target not in names:
        target = target.rpartition(".")[0]
    packages = {target[:at] for at, sign in enumerate(target) if sign == "."}
    return ({target} | {package for package in packages if not f"{module}.".startswith(f"{package}.")}) & names


def _room(name: str) -> str | None:
    """The longest known beginning of a module's or a name's dotted path."""
    if name == "bot":
        return name
    while name and name != "bot":
        if name in RINGS:
            return name
        name = name.rpartition(".")[0]
    return None


def _adapter(name: str) -> str | None:
    return next((room for room in ADAPTERS if name == room or name.startswith(room + ".")), None)


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def _may_import(module: str, ring: float, name: str) -> bool:
    other = _room(name)
    if other is None:
        return name.split(".", maxsplit=1)[0] not in {"bot", "cogs", "sandbox", "tests", "benchmarks"}
    if RINGS[other] > ring:
        return False
    mine, others = _adapter(module), _adapter(name)
    if mine and others and mine != others:  # adapters don't know each other, nor what is pure in another
        return False
    match ring, RINGS[other]:
        case 3, 1:
            return False
        case 3, 2:
            return _within(name, ("bot.work.services",))
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
    if breaches:
        where = "docs/architecture.md, The rooms, and who may import whom"
        pytest.fail(f"{module} (ring {ring}) may not import {', '.join(sorted(breaches))}: {where}", pytrace=False)


@pytest.mark.parametrize(("module", "path"), OURS, ids=[module for module, _ in OURS])
def test_outside_libraries_stay_in_their_rooms(module: str, path: Path) -> None:
    tops = {name.split(".")[0] for name in _imports(path)}
    assert {top for top in tops & OUTSIDE.keys() if not _within(module, OUTSIDE[top])} == set()


@pytest.mark.parametrize(("client", "other"), [("bot.queue", "bot.fal"), ("bot.fal", "bot.queue")])
def test_each_service_client_is_usable_without_the_other(client: str, other: str) -> None:
    """In a Python of its own, which has loaded nothing else: what it loads is what whoever takes it needs."""
    script = f"import sys, {client}, {client}.video_service; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {name for name in loaded.stdout.split() if name.startswith("bot.")}
    rooms = {".".join(name.split(".")[:2]) for name in ours}
    assert other not in rooms
    assert rooms == {"bot.errors", "bot.http", "bot.rules", client}


def test_rules_need_nothing_that_does_io() -> None:
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
    assert readers - {"bot.settings"} <= {"bot.media.child"}


def test_the_sandbox_and_the_bot_know_nothing_of_each_other() -> None:
    for module, path in _modules("sandbox"):
        assert {name for name in _imports(path) if name.split(".")[0] in {"bot", "cogs"}} == set(), module


def test_modules_import_each_other_without_a_circle() -> None:
    """Not even for types alone: whoever reads one of two such modules has to read both."""
    modules = dict(_modules("bot", "cogs", "sandbox"))
    graph = {
        module: set().union(*(_loaded_with(module, name, modules.keys() | set()) for name in _imports(path))) - {module}
        for module, path in modules.items()
    }
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())
