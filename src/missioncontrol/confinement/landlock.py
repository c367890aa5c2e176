"""Landlock by system call: restricts a thread and the programs that it starts."""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from missioncontrol.confinement.paths import open_parts
from missioncontrol.ports.confinement import Rules

ABI_MIN = 3
"""Earlier versions allow a program to truncate a file that it may not write."""

ABI_TCP = 4
ABI_DEVICES = 5
ABI_SCOPES = 6

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH, _NET_PORT = 1, 2
_NO_NEW_PRIVILEGES, _HOLDS_CAPABILITY, _DROP_CAPABILITY = 38, 23, 24

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHARACTER_DEVICE, _MAKE_BLOCK_DEVICE = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_UP_TO_TRUNCATE = (1 << 15) - 1
_CONNECT_TCP = 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_DEVICE = _READ_FILE | _WRITE_FILE | _READ_DIR | _TRUNCATE | _IOCTL_DEVICE

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where the C library keeps semaphores
DEVICE_DIRECTORIES = ("/dev/pts", "/dev/dri", "/dev/accel", SHARED_MEMORY)
DEVICES = frozenset({"full", "kfd", "null", "ptmx", "random", "tty", "urandom", "zero"})
"""Devices that every program expects, and graphics processors, with `/dev/nvidia*`. Others lead to
disks, memory, screens and keyboards; a declaration names those that it needs under `writes`."""

CAPABILITIES_ALLOWED = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10})
"""Of root: to change owners and modes, to pass over them, to signal, to become another user, to
decide which of these that user keeps, and to listen below port 1024. The others read the memory of
any process, mount, trace, load code into the kernel or open raw devices, past all that Landlock
checks."""


@cache
def abi() -> int:
    """Return the version of Landlock that this kernel offers; 0 where it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    with suppress(OSError):
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return 0


@contextmanager
def ruleset(rules: Rules) -> Iterator[int]:
    """Yield the file descriptor of a kernel ruleset that holds `rules`.

    Raises:
        OSError: the kernel refuses it.
    """
    file = _call(_CREATE_RULESET, *_attributes(rules), 0)
    try:
        for path in open_parts("/", rules.hidden):
            if path != "/dev":
                _allow(file, path, READ)
        _allow_devices(file)
        for path in rules.reads:
            _allow(file, path, READ)
        for top in rules.writes:
            for path in open_parts(top, rules.hidden):
                if path != "/dev":
                    _allow(file, path, _everything())
        for path in rules.own:
            _allow(file, path, _everything())
        # A kernel without them refuses the rule, and with it the program.
        for port in rules.ports or () if abi() >= ABI_TCP else ():
            _call(_ADD_RULE, file, _NET_PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0)
        yield file
    finally:
        os.close(file)


def restrict_thread(file: int) -> None:
    """Restrict this thread, and every program that it starts from now on, by a ruleset.

    Raises:
        OSError: the kernel refuses it.
    """
    if os.geteuid() == 0:
        for capability in range(_capabilities()):
            is_held = _control(_HOLDS_CAPABILITY, capability)
            if is_held and capability not in CAPABILITIES_ALLOWED:
                _control(_DROP_CAPABILITY, capability)
    _control(_NO_NEW_PRIVILEGES, 1)
    _call(_RESTRICT_SELF, file, 0)


def _attributes(rules: Rules) -> tuple[bytes, ctypes.c_size_t]:
    """Return the rights that the ruleset covers, as far as this kernel knows them."""
    devices = _IOCTL_DEVICE if abi() >= ABI_DEVICES else 0
    words = [_UP_TO_TRUNCATE | devices]
    if abi() >= ABI_TCP:
        words.append(0 if rules.ports is None else _CONNECT_TCP)
    if abi() >= ABI_SCOPES:
        words.append(_ABSTRACT_SOCKETS | _SIGNALS)
    packed = struct.pack(f"={len(words)}Q", *words)
    return packed, ctypes.c_size_t(len(packed))


def _allow_devices(file: int) -> None:
    """Allow the devices that every program expects, and graphics processors."""
    _allow(file, "/dev", _READ_DIR)
    for entry in os.scandir("/dev"):
        if entry.name in DEVICES or entry.name.startswith("nvidia"):
            _allow(file, entry.path, _DEVICE)
    for directory in DEVICE_DIRECTORIES:
        _allow(file, directory, _everything() if directory == SHARED_MEMORY else _DEVICE)


def _everything() -> int:
    """Return every right but those to make devices."""
    return _UP_TO_TRUNCATE & ~(_MAKE_CHARACTER_DEVICE | _MAKE_BLOCK_DEVICE)


def _allow(file: int, path: str, rights: int) -> None:
    """Allow `rights` for `path` and all below it, if it exists."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        if abi() < ABI_DEVICES:
            rights &= ~_IOCTL_DEVICE
        _call(_ADD_RULE, file, _PATH_BENEATH, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)


@cache
def _capabilities() -> int:
    """Return how many capabilities this kernel knows."""
    with open("/proc/sys/kernel/cap_last_cap", "rb") as file:  # noqa: PTH123 - no path is built
        return int(file.read()) + 1


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    return _checked(_library().syscall(number, *arguments))


def _control(option: int, value: int) -> int:
    return _checked(_library().prctl(option, value, 0, 0, 0))


def _checked(found: int) -> int:
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found
