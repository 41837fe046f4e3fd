"""Which errors are the disk's fault, and not a file's: the same file may be fine later."""

from __future__ import annotations

import errno
from pathlib import Path

TOO_LARGE = "MemoryError"
"""What a task's process answers where it had no memory left."""
DISK_FAULT = "DiskFault"
"""What a task's process answers where the disk, and not the file, is at fault; `errno` is the system's number of it."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def no_room(error: BaseException) -> int | None:
    """The system's number of an error that says that nothing more can be written; None for any other error."""
    number = getattr(error, "errno", None)
    return number if number in _NO_ROOM else None


def no_memory(error: BaseException) -> bool:
    """Whether it says that there is no memory left."""
    return getattr(error, "errno", None) == errno.ENOMEM


def folder_is_gone() -> bool:
    """Whether the folder in which this process works was removed under it."""
    try:
        return Path().stat().st_nlink == 0
    except OSError:
        return True
