"""`python -m clapper_bot` is the console script `clapper`."""

from __future__ import annotations

from clapper_bot import main

if __name__ == "__main__":
    main()
