"""A seccomp filter: the kernel refuses this process whole kinds of system calls (Linux, on x86-64 and arm64).

It refuses what a decoder never needs and an attacker does: sockets, programs, processes, signals to others, other
processes' memory, links, mounts, modules, wider limits. Everything else passes, since what the C library, the decoders
and Python need differs from release to release.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from bot.media.kernel import prctl

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""By the machine's name: AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64."""
_X32 = 0x40000000
"""The bit of x86-64's second set of call numbers, which would lead round those below."""

_Numbers = tuple[int | None, int | None]
_REFUSED: dict[str, _Numbers] = {
    # the network, and sockets of this machine
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "recvfrom": (45, 207), "sendmsg": (46, 211),
    "recvmsg": (47, 212), "sendmmsg": (307, 269), "recvmmsg": (299, 243),
    # programs, processes, and leaving the session; threads are looked at below
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None), "setsid": (112, 157),
    "setpgid": (109, 154), "unshare": (272, 97), "setns": (308, 268), "personality": (135, 92),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219),
    # ways round the other refusals, and into the kernel
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "modify_ldt": (154, None),
    "iopl": (172, None), "ioperm": (173, None), "setrlimit": (160, 164), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142),
    # files that lead elsewhere, and the view of the file system
    "symlink": (88, None), "symlinkat": (266, 36), "link": (86, None), "linkat": (265, 37), "mknod": (133, None),
    "mknodat": (259, 33), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
}  # fmt: skip
"""(on x86-64, on arm64); None where the architecture has no such call."""
_CLONE, _CLONE3, _KILL, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (62, 129), (234, 131), (302, 261)
_CLONE_THREAD = 0x00010000

_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_ARCHITECTURE = 0, 4
_ALLOW, _KILL_PROCESS, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_DENY = _ERROR | errno.EPERM
_LACKING = _ERROR | errno.ENOSYS


def refuse_calls() -> None:
    """From here on the calls are refused in this process's threads to come, too, and for good.

    Raises `OSError` where the kernel, or this architecture, has no such filter. `gain_no_privileges` must have been
    called, and no thread been started.
    """
    program = _program(os.uname().machine, os.getpid())
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.create_string_buffer(described, len(described)))


def _program(machine: str, pid: int) -> bytes:
    """The filter in the kernel's code. Raises `OSError` for a machine whose calls' numbers are not known here."""
    architecture = _ARCHITECTURES.get(machine)
    if architecture is None:
        raise OSError(errno.ENOSYS, f"no filter is known for {machine}")
    at = 0 if machine == "x86_64" else 1
    steps = [_step(_LOAD, _AT_ARCHITECTURE), *_unless(_EQUAL, architecture, _KILL_PROCESS)]
    steps += [_step(_LOAD, _AT_NUMBER)]
    if machine == "x86_64":
        steps += _if(_AT_LEAST, _X32, _DENY)
    for numbers in _REFUSED.values():
        if (number := numbers[at]) is not None:
            steps += _if(_EQUAL, number, _DENY)
    # The C library asks clone3 for threads, whose flags can't be seen here. Where that is lacking it takes clone.
    steps += _if(_EQUAL, _CLONE3[at], _LACKING)
    steps += _where(_CLONE[at], [_step(_LOAD, _argument(0)), *_unless(_HAS_BIT, _CLONE_THREAD, _DENY)])
    ours = [_step(_LOAD, _argument(0)), *_unless(_EQUAL, pid, _DENY)]  # itself: how the C library aborts
    steps += _where(_KILL[at], ours)
    steps += _where(_TGKILL[at], ours)
    asking = [step for half in (0, 4) for step in (_step(_LOAD, _argument(2) + half), *_unless(_EQUAL, 0, _DENY))]
    steps += _where(_PRLIMIT[at], asking)  # to ask for a limit passes no new one
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _argument(number: int) -> int:
    """Where the lower half of a call's argument is, in the order of bytes that both architectures have."""
    return 16 + 8 * number


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _if(test: int, value: int, verdict: int) -> list[bytes]:
    return [_step(test, value, 0, 1), _step(_RETURN, verdict)]


def _unless(test: int, value: int, verdict: int) -> list[bytes]:
    return [_step(test, value, 1, 0), _step(_RETURN, verdict)]


def _where(number: int, checks: list[bytes]) -> list[bytes]:
    """The checks for that call alone, which passes if they do. The call's number is loaded before, and not after."""
    return [_step(_EQUAL, number, 0, len(checks) + 1), *checks, _step(_RETURN, _ALLOW)]
