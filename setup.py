"""Where the wheel keeps the packages: below `clapper_bot`, the one name that it claims. pyproject.toml has the rest."""

from __future__ import annotations

from setuptools import find_packages, setup

OURS = find_packages(include=["bot", "bot.*", "cogs", "cogs.*"])

setup(
    packages=["clapper_bot", *(f"clapper_bot.{name}" for name in OURS)],
    package_dir={"clapper_bot": "clapper_bot", "clapper_bot.bot": "bot", "clapper_bot.cogs": "cogs"},
    package_data={
        "clapper_bot.bot": [
            "rules/*.toml",
            "rules/*.txt",
            "wording/locale/*.po",
            "chat/help_pictures/*.webp",
            "store/migrations/*.mako",
        ],
    },
)
