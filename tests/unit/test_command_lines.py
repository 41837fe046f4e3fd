"""Every command line in the pages: its program reads it, or it is another's, named here; and `-h` works everywhere."""

from __future__ import annotations

import argparse
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from bot.cli import main as clapper
from sandbox.__main__ import main as sandbox

REPO = Path(__file__).parents[2]
PAGES = [REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").rglob("*.md")), REPO / ".env.example"]
OTHERS = {
    "cd": "the shell's", "cp": "the system's", "createdb": "PostgreSQL's", "curl": "the system's",
    ".": "the shell's", "export": "the shell's", "kill": "the shell's",
    "docker": "an engine's: test_ways_to_run.py reads what it is given", "git": "Git's", "install": "the system's",
    "journalctl": "systemd's", "jq": "its own", "kubectl": "Kubernetes'", "openssl": "its own",
    "pg_dump": "PostgreSQL's: test_backup_postgres.py runs it", "pg_restore": "PostgreSQL's: as pg_dump",
    "pip": "Python's", "prometheus": "its own: test_operations.py has promtool read our rules",
    "sha256sum": "the system's",
    "systemctl": "systemd's: test_ways_to_run.py has it read our units", "systemd-run": "as systemctl",
    "tar": "the system's",
    "tr": "the system's", "useradd": "the system's",
}  # fmt: skip
"""Programs that aren't ours."""
OURS = {"clapper", "make", "python", "python3", "bash"}
NOT_FOR_USERS = {
    "benchmarks.naive_bot": "runs in an environment of its own, started by benchmarks.bot",
}
_STARTS = re.compile(r"^(?:[A-Z_]+=\S* )*(?:\S*/)?([a-z][a-z0-9_-]*|\.)(?: |$)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def lines_of(page: Path) -> Iterator[str]:
    """What stands in blocks and, where it begins with a program and has arguments, between backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|bash)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"\n\n((?: {4}\S.*\n)+)", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    for block in blocks:
        yield from (line.strip() for line in block.replace("\\\n", " ").splitlines() if _begins(line.strip()))
    for span in _SPAN.findall(text):
        line = " ".join(span.split())
        if " " in line and _begins(line):
            yield line


def _begins(line: str) -> bool:
    found = _STARTS.match(line)
    return found is not None and found[1] in OTHERS | dict.fromkeys(OURS, "")


def commands() -> list[tuple[str, list[str]]]:
    """Each command of each line, in words, without the settings before it, with the page's name."""
    found = {}
    for page in PAGES:
        for line in lines_of(page):
            words = shlex.split(re.sub(r"<[^>]*>", "placeholder", line).replace("…", "x"), comments=True)
            while words:
                end = next((at for at, word in enumerate(words) if word in {"&&", "|", "&"}), len(words))
                one, words = words[:end], words[end + 1 :]
                while one and re.fullmatch(r"[A-Z_]+=.*", one[0]):
                    one = one[1:]
                if one:
                    found[" ".join([page.name, *one])] = (page.name, one)
    return list(found.values())


class Parsed(Exception):
    """The command line was read, and nothing is done of it."""


def file_of(module: str) -> Path:
    """What `python -m` runs."""
    path = REPO / module.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def read_by_click(group: click.Group, words: list[str]) -> None:
    """Raises `click.UsageError` where it can't be used."""
    words = [word for word in words if word not in {"-h", "--help"}]
    command: click.Command = group
    if words and words[0] in group.commands:
        command, words = group.commands[words[0]], words[1:]
    with click.Context(command, **group.context_settings) as context:
        _, rest, _ = command.make_parser(context).parse_args(list(words))
    assert rest == [], f"{words}: nothing takes {rest}"


def read_by_argparse(monkeypatch: pytest.MonkeyPatch, module: str, words: list[str]) -> None:
    def read(parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        rest = parser.parse_known_args(words)[1]
        assert rest == [], f"{module}: nothing takes {rest}"
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", read)
    with pytest.raises(Parsed):
        runpy.run_path(str(file_of(module)), run_name="__main__")


def read_by_python(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    if words[0].startswith("scripts/"):
        words = ["-m", words[0].removesuffix(".py").replace("/", "."), *words[1:]]
    assert words[0] == "-m", words
    module, rest = words[1], words[2:]
    if module == "bot":
        read_by_click(clapper, rest)
    elif module == "sandbox":
        read_by_click(sandbox, rest)
    elif module == "pytest":
        assert all((REPO / word).exists() for word in rest if word.endswith(".py")), rest
    elif module not in {"venv", "pip"}:
        read_by_argparse(monkeypatch, module, rest)


@pytest.mark.parametrize(
    ("page", "words"), commands(), ids=lambda part: shlex.join(part) if isinstance(part, list) else part
)
def test_a_command_line_in_the_pages_is_one_that_its_program_reads(
    page: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del page
    ours = max((at for at, word in enumerate(words) if re.fullmatch(r"(/\S*/)?clapper", word)), default=None)
    name = Path(words[0]).name or words[0]
    if name == "make":
        makefile = (REPO / "Makefile").read_text()
        targets = [word for word in words[1:] if "=" not in word]
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    elif name in {"python", "python3"}:
        read_by_python(monkeypatch, words[1:])
    elif name == "bash":
        assert (REPO / words[1]).is_file()
    elif name == "clapper" or (name == "systemd-run" and ours is not None):
        rest = words[(ours or 0) + 1 :]
        if rest[:1] == ["COMMAND"]:
            rest = ["run", *rest[1:]]
        read_by_click(clapper, rest)
    else:
        assert name in OTHERS or name in OURS, f"say whose {name} is"


def modules() -> list[str]:
    """Everything that can be run by `python -m`."""
    found = [path for room in ("bot", "sandbox", "clapper_bot", "tests") for path in (REPO / room).rglob("__main__.py")]
    found += [
        path
        for room in ("benchmarks", "scripts")
        for path in (REPO / room).rglob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    ]
    names = (path.relative_to(REPO).with_suffix("").as_posix().replace("/", ".") for path in found)
    return sorted({name.removesuffix(".__main__") for name in names} - NOT_FOR_USERS.keys())


@pytest.mark.parametrize("module", modules())
def test_help_is_shown_and_nothing_is_done(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [module, "-h"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(file_of(module)), run_name="__main__")
    assert ended.value.code in {0, None}
    assert "usage" in capsys.readouterr().out.lower()


@pytest.mark.parametrize("group", [clapper, sandbox], ids=["clapper", "sandbox"])
def test_each_command_explains_itself(group: click.Group) -> None:
    for name, command in group.commands.items():
        with click.Context(command, info_name=name, parent=click.Context(group, **group.context_settings)) as context:
            assert "-h" in context.help_option_names
            assert command.help, name
            assert "Usage" in command.get_help(context)
