"""Landlock: the kernel lets this process open nothing but named folders and files (Linux 5.13 and later).

Numbers and layouts are those of linux/landlock.h; they are the same on every architecture.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from bot.media.kernel import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
"""The flag with which the first call answers the version of Landlock that the kernel has."""
_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 7, 1 << 8, 1 << 14
_HANDLED = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""By the version that brought the newest of them: every act on files that is forbidden where no rule allows it."""
_TCP = 0b11
"""Binding and connecting, from version 4."""
_SCOPES = 0b11
"""Abstract sockets of others, and signals to them, from version 6."""
_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
"""No links, sockets, pipes or devices are made: who reads the folder later would be led elsewhere by them."""


def version() -> int:
    """Of the kernel's Landlock. Raises `OSError` where it has none, or has it switched off."""
    return syscall(_CREATE_RULESET, None, 0, _VERSION)


def confine(*, writable: Iterable[Path], readable: Iterable[Path]) -> None:
    """From here on these folders and files can be opened, and nothing else. What is not there is left out.

    Raises `OSError` where the kernel can't do it. `gain_no_privileges` must have been called.
    """
    known = version()
    handled = max(rights for since, rights in _HANDLED.items() if since <= known)
    fields = [handled] + [_TCP] * (known >= 4) + [_SCOPES] * (known >= 6)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = syscall(_CREATE_RULESET, ctypes.create_string_buffer(attributes, len(attributes)), len(attributes), 0)
    try:
        for paths, rights in ((readable, _READ), (writable, _WRITE)):
            for path in paths:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                    _allow(ruleset, path, rights & handled)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, opened), 12)
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)
