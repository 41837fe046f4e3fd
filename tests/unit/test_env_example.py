"""`.env.example` is the operators' list of settings: it lacks none, invents none and shows the true defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import Settings

REPO = Path(__file__).parents[2]
EXAMPLE = REPO / ".env.example"
LINE = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$")


def listed() -> dict[str, str]:
    pairs = [(match[1], match[2]) for line in EXAMPLE.read_text().splitlines() if (match := LINE.match(line))]
    assert len(pairs) == len(dict(pairs)), "a setting is listed twice"
    return dict(pairs)


def test_every_setting_is_listed_and_no_other() -> None:
    settings = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    told = [f"# {name}={settings[name]}, under a comment on what it does" for name in settings.keys() - listed().keys()]
    told = ["add to .env.example:", *told] if told else []
    told += [f"remove from .env.example: {name}" for name in listed().keys() - settings.keys()]
    if told:
        pytest.fail("\n".join(told), pytrace=False)


def test_every_setting_is_read_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for top in ("bot", "cogs") for path in (REPO / top).rglob("*.py"))
    unread = Settings.model_fields.keys() - set(re.findall(r"\.(\w+)", code))
    if unread:
        pytest.fail(f"nothing in bot/ or cogs/ reads these settings: {', '.join(sorted(unread))}", pytrace=False)


def test_the_values_shown_are_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    required = "DISCORD_TOKEN=x\nDECART_API_KEY=y\n"
    bare, shown = tmp_path / "bare", tmp_path / "shown"
    bare.write_text(required)
    pairs = {name: value for name, value in listed().items() if name not in {"DISCORD_TOKEN", "DECART_API_KEY"}}
    shown.write_text(required + "".join(f"{name}={value}\n" for name, value in pairs.items()))
    assert Settings.read(shown) == Settings.read(bare)


def test_the_secrets_are_left_empty() -> None:
    assert listed()["DISCORD_TOKEN"] == ""
    assert listed()["DECART_API_KEY"] == ""
