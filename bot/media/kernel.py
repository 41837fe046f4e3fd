"""The system's own calls that Python has no function for, by ctypes: Linux's; elsewhere they raise `OSError`."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import signal
import sys

IS_LINUX = sys.platform == "linux"

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522


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


def drop_capabilities() -> None:
    """From here on being root means no more than owning root's files."""
    number = _CAPSET.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    header = _CAPABILITY_VERSION_3.to_bytes(4, sys.byteorder) + bytes(4)
    syscall(number, ctypes.create_string_buffer(header, 8), ctypes.create_string_buffer(24))
