"""Counts what Clapper does with its database and with processes, without a change to it.

The process gets `sitecustomize.py` of this folder, which Python imports at its start, in its children too. That
writes one line for each event to a file. The counting costs time, so a run that counts is not one that is timed.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

VARIABLE = "CLAPPER_BENCHMARK_COUNTS"
_NO_WORK = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA"})
"""Words that begin statements which neither read nor write."""


class Counts:
    """What a process with these `settings` does after `begin`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._skipped_bytes = 0

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables with which a process counts."""
        return {"PYTHONPATH": str(Path(__file__).parent), VARIABLE: str(self._file)}

    def begin(self) -> None:
        """Leave out what was counted so far: the start, and the jobs that warmed it up."""
        self._skipped_bytes = self._file.stat().st_size

    def per_job(self, jobs: int) -> dict[str, float]:
        """Transactions, statements, processes, and statements by their first word, divided by the number of jobs."""
        words = Counter(self._file.read_bytes()[self._skipped_bytes :].decode().split())
        statements = {word: count for word, count in words.items() if word.isupper()}
        found = {
            "transactions": statements.get("COMMIT", 0),
            "rolled_back": statements.get("ROLLBACK", 0),
            "statements": sum(count for word, count in statements.items() if word not in _NO_WORK),
            "processes": words["process"],
        }
        found |= {word.lower(): count for word, count in sorted(statements.items())}
        return {name: round(count / jobs, 2) for name, count in found.items()}
