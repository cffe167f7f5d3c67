"""What a parsing child gives up before it reads a byte: network, files, processes, memory.

Every step is taken where the kernel allows it and reported by name, so that a pool can say how it is
confined:

- ``network``: an empty network namespace (``unshare(2)``).
- ``files``: Landlock: reads only Python's own folders, writes only its own temporary one.
- ``calls``: a seccomp filter: no socket, no new process or program, no look into another process, no
  signal to one, no io_uring.
- ``limits``: address space, no byte into any file, open files, no core dump; CPU time is armed anew for each file.

Constants are Linux's own (``linux/landlock.h``, ``linux/seccomp.h``, ``linux/filter.h``, the syscall tables).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_SECCOMP_RET_ALLOW, _SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_READ = 0b1100  # READ_FILE, READ_DIR
_CPU_GRACE_S = 5
_OPEN_FILES = 128

# architecture → (audit number, clone, clone3, numbers denied, numbers for this process alone). Denied: socket, connect,
# bind, execve, execveat, fork, vfork, kill, ptrace, process_vm_readv/writev, setsid, setpgid, unshare, setns, mount,
# bpf, perf_event_open, keyctl, userfaultfd, io_uring_setup, pidfd_getfd, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo,
# pidfd_send_signal, pidfd_open (socketpair is kept). For this process alone: tgkill, with which abort works, and
# prlimit64, which arms CPU time anew: both could end the parent, which has the same user.
_CALLS = {
    "x86_64": (
        0xC000003E, 56, 435,
        (41, 42, 49, 59, 322, 57, 58, 62, 101, 310, 311, 112, 109, 272, 308, 165, 321, 298, 250, 323, 425,
         438, 200, 129, 297, 424, 434),
        (234, 302),
    ),
    "aarch64": (
        0xC00000B7, 220, 435,
        (198, 203, 200, 221, 281, 129, 117, 270, 271, 157, 154, 97, 268, 40, 280, 241, 219, 282, 425, 438,
         130, 138, 240, 424, 434),
        (131, 261),
    ),
}  # fmt: skip


def confine(scratch: Path, memory_mb: int, parent_pid: int, *, is_original: bool = False) -> list[str]:
    """Gives up everything the kernel lets this process give up, and returns the names of what was.

    Must be called while the process has one thread. Exits at once when the parent is already gone.

    Args:
        scratch: the only folder that may be written.
        memory_mb: address space, in units of 1024² bytes.
        parent_pid: the process whose end ends this one.
        is_original: whether it is one that others are copied from (:mod:`ingest.sandbox.copying`): it keeps
            ``network`` and ``calls``, which they give up, for a process without them makes no other.
    """
    held = []
    libc = _libc()
    if libc is not None:
        if not is_original and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
            held.append("network")
        # Asked for only now: a change of credentials, which a new user namespace is, clears it.
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent_pid:
            os._exit(1)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if _restrict_files(libc, scratch):
            held.append("files")
        if not is_original and _restrict_calls(libc):
            held.append("calls")
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)  # no parser keeps anything in a file
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_AS, memory_mb * 1024 * 1024)
    held.append("limits")
    return held


def arm_cpu(timeout_s: float) -> None:
    """Lets the process use this much more CPU time, and a little grace; then the kernel ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + timeout_s + _CPU_GRACE_S)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


# ---- files ---------------------------------------------------------------------------------------


def _readable() -> Iterable[Path]:
    """Yields the folders Python and its libraries are read from."""
    names = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values(), *sys.path}
    names |= {"/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache"}
    names |= {"/dev/null", "/dev/urandom", "/etc/localtime"}
    for name in sorted(names):
        path = Path(name or "/nowhere").resolve()
        if path.exists() and path != Path("/"):
            yield path


def _restrict_files(libc: ctypes.CDLL, scratch: Path) -> bool:
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    rights = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
    network = 0b11 if version >= 4 else 0  # no TCP bind, no TCP connect
    attributes = struct.pack("QQ", rights, network) if version >= 4 else struct.pack("Q", rights)
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        allowed = [(path, _LANDLOCK_READ) for path in _readable()] + [(scratch, rights & ~1)]
        return all(_allow(libc, ruleset, path, right) for path, right in allowed) and (
            libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    if not path.is_dir():
        rights &= 0b110  # a plain file has no entries to list or make
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        return bool(libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0) == 0)
    finally:
        os.close(descriptor)


# ---- system calls --------------------------------------------------------------------------------


def _restrict_calls(libc: ctypes.CDLL) -> bool:
    known = _CALLS.get(platform.machine())
    if known is None:
        return False
    program = _filter(*known)
    code = ctypes.create_string_buffer(program, len(program))
    descriptor = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, descriptor, 0, 0) == 0)


def _filter(audit: int, clone: int, clone3: int, denied: tuple[int, ...], own: tuple[int, ...]) -> bytes:
    """Returns the classic BPF program: deny a few calls, allow the rest, threads included."""
    load, equal, at_least, has_bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    refuse = _SECCOMP_RET_ERRNO | _EPERM

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    steps = [
        step(load, 4),  # the architecture
        step(equal, audit, 1, 0),
        step(give, refuse),
        step(load, 0),  # the call's number
        step(at_least, 0x40000000, 0, 1),  # the x32 numbers of x86_64
        step(give, refuse),
        step(equal, clone3, 0, 1),
        step(give, _SECCOMP_RET_ERRNO | _ENOSYS),  # its flags cannot be seen; libc then uses clone
        step(equal, clone, 0, 4),
        step(load, 16),  # clone's flags
        step(has_bits, _CLONE_THREAD, 1, 0),
        step(give, refuse),
        step(give, _SECCOMP_RET_ALLOW),
    ]
    for number in own:  # its first argument is the process: 0 or this one
        steps += [
            step(equal, number, 0, 5),
            step(load, 16),
            step(equal, 0, 2, 0),
            step(equal, os.getpid(), 1, 0),
        ]
        steps += [step(give, refuse), step(give, _SECCOMP_RET_ALLOW)]
    for number in denied:
        steps += [step(equal, number, 0, 1), step(give, refuse)]
    steps.append(step(give, _SECCOMP_RET_ALLOW))
    return b"".join(steps)
