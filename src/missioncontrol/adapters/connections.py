"""Which programs of steps are at the other end of a TCP connection from this machine.

A step can read unprotected files of the machine, such as the link that `mission up` wrote into one,
or the cookies of a browser. So the console asks the kernel which process owns the sending socket.
"""

import errno
import ipaddress
import os
import socket
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from missioncontrol.adapters.process_table import Seen, seen_now, with_descendants

KNOWN_MAX = 4_096
"""Connections of which it is remembered who holds them."""

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST = 20, 1
_ALL_STATES, _NO_COOKIE = 0xFFFFFFFF, 0xFFFFFFFF
_ANSWER_BYTES_MAX = 4_096
_INODE_AT = 16 + 68
"""After the head of the message (16), `inet_diag_msg` tells the inode at its byte 68."""

End = tuple[str, int]
"""Address and port."""


class StepConnections:
    """Tells connections of steps from those of people, for the console of one or more engines."""

    def __init__(self, engines: Callable[[], Iterable[int]]) -> None:
        """`engines` are processes whose descendants, but for this one, are programs of steps."""
        self._engines = engines
        self._known: OrderedDict[int, bool] = OrderedDict()
        self.is_available = _is_kernel_supported()

    def is_of_step(self, client: End, server: End) -> bool:
        """Whether a program of a step holds the client's end of a connection to this process.

        A connection whose client end is closed counts as a step's, because its process can no
        longer be found. False for other machines, and where the kernel gives no answer.
        """
        if not self.is_available:
            return False
        inode = inode_of(client, server)
        if inode is None:
            return _is_of_this_machine(client[0])
        if inode == 0:
            return True
        found = self._known.get(inode)
        if found is None:
            found = self._known[inode] = self._is_held_by_step(inode)
            while len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        return found

    def _is_held_by_step(self, inode: int) -> bool:
        """Whether one of the engines' descendants, and no engine, has the socket open."""
        everybody = [seen for pid in psutil.pids() if (seen := seen_now(pid)) is not None]
        # Leave out this process, so that its own children do not count as steps.
        others = [each for each in everybody if each.pid != os.getpid()]
        known = set(self._engines())
        engines = [each for each in others if each.pid in known]
        steps = [each for each in with_descendants(engines, others) if each.pid not in known]
        held = [_holds(each.pid, inode) for each in steps]
        if True in held or None not in held:
            return True in held
        # Programs can hide their open files: it is a step unless another process has the socket.
        return not _is_held_by(others, {each.pid for each in steps}, inode)


def inode_of(client: End, server: End) -> int | None:
    """Return the number of the socket at `client` that is connected to `server`.

    0 where it is closed already, and None where this machine has no such socket.
    """
    with (
        suppress(OSError, ValueError),
        socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel,
    ):
        kernel.send(_question(client, server))
        data = kernel.recv(_ANSWER_BYTES_MAX)
        kind = struct.unpack_from("=H", data, 4)[0]
        # Without such a connection, the kernel answers with the listener at that port.
        if kind == _SOCK_DIAG_BY_FAMILY and data[20:24] == struct.pack("!HH", client[1], server[1]):
            return int(struct.unpack_from("=I", data, _INODE_AT)[0])
    return None


def _question(client: End, server: End) -> bytes:
    """Return what asks the kernel for one connection: `inet_diag_req_v2` in a netlink message."""
    here, there = _address(client[0]), _address(server[0])
    family = socket.AF_INET if here.version == 4 else socket.AF_INET6
    body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
    body += struct.pack("!HH", client[1], server[1])
    body += here.packed.ljust(16, b"\0") + there.packed.ljust(16, b"\0")
    body += struct.pack("=III", 0, _NO_COOKIE, _NO_COOKIE)
    size = 16 + len(body)
    return struct.pack("=IHHII", size, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + body


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address without its zone; one of IPv4 that is written as one of IPv6 is IPv4."""
    found = ipaddress.ip_address(text.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def _is_of_this_machine(text: str) -> bool:
    """Whether an address, which may be no address at all, is one of this machine."""
    try:
        wanted = _address(text)
    except ValueError:
        return False
    if wanted.is_loopback:
        return True
    for each in (one for all_ in psutil.net_if_addrs().values() for one in all_):
        with suppress(ValueError):
            if _address(each.address) == wanted:
                return True
    return False


def _is_held_by(everybody: Iterable[Seen], but: set[int], inode: int) -> bool:
    return any(_holds(each.pid, inode) for each in everybody if each.pid not in but)


def _holds(pid: int, inode: int) -> bool | None:
    """Whether a process has a socket open; None where the system denies access to it."""
    name = f"socket:[{inode}]"
    try:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if str(file.readlink()) == name:
                    return True
    except OSError as error:
        return None if error.errno in (errno.EACCES, errno.EPERM) else False
    return False


def _is_kernel_supported() -> bool:
    """Whether this kernel can be asked about connections: tried on a connection of our own."""
    if not sys.platform.startswith("linux"):
        return False
    with suppress(OSError), socket.create_server(("127.0.0.1", 0)) as listener:
        server = listener.getsockname()
        with socket.create_connection(server, timeout=5) as client:
            return bool(inode_of(client.getsockname(), server))
    return False
