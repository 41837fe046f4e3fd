"""`python -m bot` is `python -m bot run`."""

from __future__ import annotations

from bot.cli import main

if __name__ == "__main__":
    main()
