"""A filter of system calls (seccomp-BPF) for the ways that Landlock does not cover.

It covers sockets, io_uring, the kernel's keyrings, and limits of other processes: a program that
may set them leaves its engine without files, or has it killed.

Landlock checks `connect` by TCP port alone. A path leads past it to every Unix socket of the user
(tmux, D-Bus, a container engine), and MPTCP, UDP and TCP fast open lead past its list of ports. A
filter sees numbers and no memory, so it decides when a socket is made: by family, type, protocol.
"""

import ctypes
import os
import platform
import struct
import sys
from functools import cache

import msgspec

from missioncontrol.ports.confinement import Rules

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_VSOCK = 1, 2, 10, 16, 40
SOCK_STREAM, SOCK_SEQPACKET = 1, 5
IPPROTO_TCP = 6
MSG_FASTOPEN = 0x20000000
TCP_ULP = 31

_EPERM, _EACCES = 1, 13
_SOCKET_TYPE = 0xF  # the rest of the argument is SOCK_NONBLOCK and SOCK_CLOEXEC
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE, _FORBID = _ERRNO | _EACCES, _ERRNO | _EPERM

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in `struct seccomp_data`
_X32 = 0x40000000

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ACTION_AVAILABLE = 2

_Code = list[bytes]


class _Machine(msgspec.Struct, frozen=True):
    """The audit architecture of a processor and the numbers of its system calls."""

    audit: int
    socket: int
    socketpair: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    setsockopt: int
    seccomp: int
    prlimit64: int
    keys: tuple[int, int, int]  # add_key, request_key, keyctl
    has_x32: bool = False
    io_uring_setup: int = 425


MACHINES = {
    "x86_64": _Machine(
        0xC000003E, 41, 53, 44, 46, 307, 54, 317, 302, (248, 249, 250), has_x32=True
    ),
    "aarch64": _Machine(0xC00000B7, 198, 199, 206, 211, 269, 208, 277, 261, (217, 218, 219)),
}


@cache
def is_available() -> bool:
    """Whether this kernel filters system calls, on a processor whose numbers are known here."""
    machine = _machine()
    if machine is None:
        return False
    action = ctypes.byref(ctypes.c_uint32(_ERRNO))
    return bool(_library().syscall(machine.seccomp, _ACTION_AVAILABLE, 0, action) == 0)


def filter_thread(rules: Rules) -> None:
    """Restrict this thread, and every program that it starts from now on, by a filter.

    Does nothing where filters are not available; `Confinement` reports that to the operator.

    Raises:
        OSError: the kernel refuses it, as it does before PR_SET_NO_NEW_PRIVS.
    """
    machine = _machine()
    if machine is None or not is_available():
        return
    code = b"".join(_program(rules, machine))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    found = _library().prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _program(rules: Rules, machine: _Machine) -> _Code:
    """Return the instructions: the processor first, then one block for each system call."""
    # 32-bit calls have other numbers and `socketcall`, whose arguments a filter can't read.
    code = [
        _load(_ARCHITECTURE),
        _jump(_EQUAL, machine.audit, 1, 0),
        _end(_KILL_PROCESS),
    ]
    if machine.has_x32:
        code += [_load(_NUMBER), _jump(_AT_LEAST, _X32, 0, 1), _end(_FORBID)]
    code += _block(machine.socket, _socket(rules))
    code += _block(machine.prlimit64, _limits_of_others())
    if not rules.unix_sockets:
        for number in machine.keys:
            code += _block(number, [_end(_FORBID)])
        code += _block(machine.socketpair, _socketpair())
    if rules.ports is not None:
        for number, argument in (
            (machine.sendto, 3),
            (machine.sendmsg, 2),
            (machine.sendmmsg, 3),
        ):
            code += _block(number, _fast_open(argument))
        code += _block(machine.setsockopt, _upper_protocol())
    # io_uring makes and connects sockets without system calls that a filter would see.
    code += _block(machine.io_uring_setup, [_end(_FORBID)])
    return [*code, _end(_ALLOW)]


def _socket(rules: Rules) -> _Code:
    """Return the instructions that decide on `socket`.

    With a list of ports this leaves TCP, which Landlock checks, and netlink, by which the C library
    reads the addresses of this machine. So names are not looked up by DNS.
    """
    families = [_argument(0), *_if(AF_VSOCK, _REFUSE)]
    families += _if(AF_UNIX, _ALLOW if rules.unix_sockets else _REFUSE)
    if rules.ports is None:
        return families
    return [
        *families,
        *_if(AF_NETLINK, _ALLOW),
        _jump(_EQUAL, AF_INET, 2, 0),
        _jump(_EQUAL, AF_INET6, 1, 0),
        _end(_REFUSE),
        *_type(SOCK_STREAM),
        _argument(2),
        *_if(0, _ALLOW),
        *_if(IPPROTO_TCP, _ALLOW),
        _end(_REFUSE),
    ]


def _socketpair() -> _Code:
    """Return the instructions that decide on `socketpair`, which asyncio, Node and shells need.

    A datagram socket of a pair can be connected again, to any path; the other types can't.
    """
    return [
        _argument(1),
        _word(_AND, _SOCKET_TYPE),
        *_if(SOCK_STREAM, _ALLOW),
        *_if(SOCK_SEQPACKET, _ALLOW),
        _end(_REFUSE),
    ]


def _type(wanted: int) -> _Code:
    return [
        _argument(1),
        _word(_AND, _SOCKET_TYPE),
        _jump(_EQUAL, wanted, 1, 0),
        _end(_REFUSE),
    ]


def _fast_open(flags: int) -> _Code:
    """Return the instructions that refuse to connect by sending, which skips `connect`."""
    return [_argument(flags), _jump(_ANY_BIT, MSG_FASTOPEN, 0, 1), _end(_REFUSE)]


def _upper_protocol() -> _Code:
    """Return the instructions that refuse to turn TCP into SMC, which Landlock does not check."""
    return [
        _argument(1),
        _jump(_EQUAL, IPPROTO_TCP, 0, 3),
        _argument(2),
        _jump(_EQUAL, TCP_ULP, 0, 1),
        _end(_REFUSE),
    ]


def _limits_of_others() -> _Code:
    """Return the instructions that stop `prlimit64` from setting limits of another process.

    The C library names process 0 where a program limits itself; a caller that only reads passes no
    new limit.
    """
    return [
        _argument(0),
        _jump(_EQUAL, 0, 5, 0),
        _argument(2),
        _jump(_EQUAL, 0, 0, 2),
        _upper_half(2),
        _jump(_EQUAL, 0, 1, 0),
        _end(_FORBID),
    ]


def _block(number: int, body: _Code) -> _Code:
    """Return `body` for one system call; without a verdict the filter goes on to the next block."""
    return [_load(_NUMBER), _jump(_EQUAL, number, 0, len(body)), *body]


def _if(value: int, verdict: int) -> _Code:
    return [_jump(_EQUAL, value, 0, 1), _end(verdict)]


def _argument(number: int) -> bytes:
    """Return the load of the lower half of an argument: the kernel uses these as 32 bits."""
    return _load(16 + 8 * number + (4 if sys.byteorder == "big" else 0))


def _upper_half(number: int) -> bytes:
    """Return the load of the upper half of an argument that is an address."""
    return _load(16 + 8 * number + (0 if sys.byteorder == "big" else 4))


def _load(offset: int) -> bytes:
    return _word(_LOAD, offset)


def _end(verdict: int) -> bytes:
    return _word(_RETURN, verdict)


def _word(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _machine() -> _Machine | None:
    return MACHINES.get(platform.machine()) if sys.platform.startswith("linux") else None


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
