"""Imported by Python at its start where this folder is on PYTHONPATH: see `benchmarks/counting/__init__.py`."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

_STARTED = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"}
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def _count_into(path: str) -> None:
    file = os.open(path, _OPEN, 0o600)
    connect = sqlite3.connect

    def note(word: str) -> None:
        os.write(file, f"{word}\n".encode())

    def statement(text: str) -> None:
        # What a trigger or a foreign key does is reported as a comment.
        if text and not text.startswith("--"):
            note(text.split(None, 1)[0].upper())

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(statement)
        return connection

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTED:
            note("process")
        if event == "subprocess.Popen" and isinstance(arguments[3], dict):  # what is given no settings counts, too
            given = arguments[3]
            given["CLAPPER_BENCHMARK_COUNTS"] = path
            given["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), given.get("PYTHONPATH", "")])

    # The event `sqlite3.connect/handle` comes before the connection can be traced.
    sqlite3.connect = sqlite3.dbapi2.connect = traced  # type: ignore[assignment]  # for counting alone
    sys.addaudithook(hook)


if "CLAPPER_BENCHMARK_COUNTS" in os.environ:
    _count_into(os.environ["CLAPPER_BENCHMARK_COUNTS"])
