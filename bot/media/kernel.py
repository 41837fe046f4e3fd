"""The system's own calls that Python has no function for, by ctypes: Linux's; elsewhere they raise `OSError`."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import signal
import struct
import sys
from pathlib import Path

IS_LINUX = sys.platform == "linux"

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_KILL, _CAP_SETUID = 5, 7
_USERS_OF_NOBODY = 0x70000000
"""From here on user ids belong to nobody: distributions, containers and systemd give out others."""


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: int | ctypes.Array[ctypes.c_char]) -> None:
    if not IS_LINUX:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    given = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0)][:4]
    if _libc().prctl(ctypes.c_int(option), *given) == -1:
        raise _failed()


def syscall(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """What the call of that number answers."""
    if not IS_LINUX:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    answer: int = _libc().syscall(ctypes.c_long(number), *given)
    if answer == -1:
        raise _failed()
    return answer


def _failed() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def end_with_parent() -> None:
    """From here on the kernel kills this process when the one that forked it is gone."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def hide_memory() -> None:
    """From here on other processes of our user, other than root's, read neither this process's memory nor its
    environment, and it leaves no core dump."""
    prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """From here on a process whose parent, below us, is gone becomes our child."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def gain_no_privileges() -> None:
    """From here on no program that is started has more rights than this process."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def become_a_user_of_its_own() -> None:
    """For root: from here on this process counts as the only one of a user, and can't become root again. It opens what
    root owns, as before.

    Raises `OSError` where that can't be, and where the parent could not end this process any more. The rights of root
    must not have been dropped yet.
    """
    if not IS_LINUX or os.getuid() or not {_CAP_KILL, _CAP_SETUID} <= _capabilities():
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    user, parent = _USERS_OF_NOBODY + os.getpid(), os.getppid()
    prctl(_PR_SET_KEEPCAPS, 1)
    os.setresuid(user, user, user)
    _set_capabilities(1 << _CAP_SETUID)
    _libc().setfsuid(0)
    end_with_parent()  # whoever changes users is let off
    if os.getppid() != parent:
        os._exit(1)


def drop_capabilities() -> None:
    """From here on being root means no more than owning root's files."""
    _set_capabilities(0)


def _capabilities() -> set[int]:
    """The rights of root that this process has."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    mask = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    return {number for number in range(64) if mask >> number & 1}


def _set_capabilities(mask: int) -> None:
    """To those of the first 32 that `mask` has, and to no others."""
    if not IS_LINUX:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    rights = struct.pack("=6I", mask, mask, 0, 0, 0, 0)
    if _libc().capset(
        ctypes.create_string_buffer(header, len(header)), ctypes.create_string_buffer(rights, len(rights))
    ):
        raise _failed()
