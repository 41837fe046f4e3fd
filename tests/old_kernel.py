"""The tasks of `tests.wild_tasks`, on a kernel that seems to have neither seccomp filters nor Landlock."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from bot.media import kernel
from tests.wild_tasks import task_of

__all__ = ["preload", "task_of"]

_PRCTL = {"x86_64": 157, "aarch64": 167}
_LANDLOCK = 444
_SET_SECCOMP = 22


def preload() -> None:
    """Have the kernel answer, in the template and its children, that it knows neither."""
    steps = (
        (0x20, 0, 0, 0),  # the call's number
        (0x15, 4, 0, _LANDLOCK),
        (0x15, 0, 2, _PRCTL[os.uname().machine]),
        (0x20, 0, 0, 16),  # its first argument
        (0x15, 1, 0, _SET_SECCOMP),
        (0x06, 0, 0, 0x7FFF0000),
        (0x06, 0, 0, 0x00050000 | errno.ENOSYS),
    )
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    code = ctypes.create_string_buffer(program, len(program))
    kernel.gain_no_privileges()
    kernel.prctl(_SET_SECCOMP, 2, ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code))))
