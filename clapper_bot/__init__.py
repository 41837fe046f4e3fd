"""The one name that the installed distribution `clapper-bot` claims in a virtual environment.

The bot's own packages, `bot` and `cogs`, are inside this folder there, so that `import bot` of a program beside it
never finds ours. `main` puts this folder first on the path, for this process alone, and starts the command line. In a
checkout they are beside this folder instead, and `python -m bot` needs nothing of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """The console script `clapper`."""
    packages = _FOLDER if (_FOLDER / "bot").is_dir() else _FOLDER.parent
    sys.path.insert(0, str(packages))
    from bot.cli import main as command_line  # noqa: PLC0415  # only now it can be found

    command_line()
