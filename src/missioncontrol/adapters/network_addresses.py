"""Which addresses are outside of this machine and its networks, however they are written."""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from missioncontrol.domain.errors import Rejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WRAPPING = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""Networks of IPv6 that stand for all of IPv4: of translators (RFC 6052, 2765), and of old."""

LOCAL = tuple(
    map(
        ipaddress.ip_network,
        ("fec0::/10", "64:ff9b:1::/48", "3fff::/20", "5f00::/16", "192.88.99.0/24"),
    )
)
"""Site-local addresses (deprecated), those of local translators (RFC 8215), of documentation
(RFC 9637), of segment routing (RFC 9602), and of old relays (RFC 7526). Python 3.11 knows none."""

LOCAL_NAMES = frozenset({"localhost", "localdomain", "local", "internal", "home", "lan"})
"""Last labels of names that no public server has (RFC 6761, 6762, 8244), and usual names of home
networks."""

LOOPBACK_NAMES = frozenset({"ip6-localhost", "ip6-loopback"})
"""Names of this machine in the hosts file of many systems."""

LOOKUP_SECONDS_MAX = 3.0


def is_outside(place: Address) -> bool:
    """Whether an address is one of the world, also by what it stands for where it wraps another."""
    wrapped = _wrapped(place) if isinstance(place, ipaddress.IPv6Address) else None
    if wrapped is not None:
        return is_outside(wrapped)
    return place.is_global and not place.is_multicast and not any(place in net for net in LOCAL)


def _wrapped(place: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address at which packets for an IPv6 one may arrive."""
    if any(place in network for network in WRAPPING):
        return ipaddress.IPv4Address(int(place) & 0xFFFF_FFFF)
    return place.ipv4_mapped or place.sixtofour


async def looked_up(host: str, port: int) -> list[Address]:
    """Return the addresses of a host.

    The system's resolver reads what it would connect to: decimal, octal and hexadecimal numbers
    and short forms such as `127.1` too.

    Raises:
        OSError, UnicodeError: the host can't be found.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


async def refuse_inside(url: str) -> None:
    """Refuse a URL that leads to this machine or to a private network.

    A name that can't be found now is accepted: it is looked up again before each request.

    Raises:
        Rejected: `address.inside`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    name = host.lower().rstrip(".")
    if name in LOOPBACK_NAMES or name.rpartition(".")[2] in LOCAL_NAMES:
        raise _inside(host, "which is a name of this machine or network")
    if "\\" in parts.netloc:
        # Some libraries end the host at a backslash, and some don't.
        raise _inside(parts.netloc, "with a backslash, which leads elsewhere with some programs")
    try:
        async with asyncio.timeout(LOOKUP_SECONDS_MAX):
            places = await looked_up(host, parts.port or port_of(parts.scheme))
    except (OSError, UnicodeError, ValueError):  # A time-out is an OSError.
        if _is_number(host):
            raise _inside(host, "which is no address that can be called") from None
        return
    for place in places:
        if not is_outside(place):
            raise _inside(host, f"which leads to {place}, an address of this machine or network")


def _is_number(host: str) -> bool:
    """Whether a host is meant as an address and not as a name."""
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or "%" in host or last.isdigit() or last.startswith("0x") or not last


def _inside(host: str, why: str) -> Rejected:
    return Rejected(
        "address.inside",
        f"The address names {host[:200]!r}, {why}.",
        hint="Give a public address. The owner of the data directory can allow such addresses "
        "with `webhooks_inside = true` in console.toml.",
    )


def port_of(scheme: str) -> int:
    """Return the port that a URL without one means."""
    return 443 if scheme == "https" else 80
