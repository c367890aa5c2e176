"""Whether a request was meant for us, and comes from one of our own pages."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from missioncontrol.interfaces.base_path import base_of
from missioncontrol.interfaces.sign_in.guard import Forbidden

if TYPE_CHECKING:
    from litestar import Request

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
NEXT_MAX = 2_000


def refuse_other_hosts(host: str, allowed: Iterable[str]) -> None:
    """Refuse a request for another host: a foreign name may have been made to point here.

    Raises:
        Forbidden: `host.unknown`.
    """
    name = _name(host)
    if name in LOOPBACK_NAMES or name in {each.lower().rstrip(".") for each in allowed}:
        return
    raise Forbidden(
        "host.unknown",
        f"{host[:80]!a} is no name of this console.",
        hint='Name it in console.toml of the home: `hosts = ["mission.example.com"]`.',
    )


def _name(host: str) -> str:
    """Return the name in a Host header, without its port; empty where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        is_plain = parts.netloc == host and not parts.username and parts.port != 0
    except ValueError:
        return ""
    return (parts.hostname or "").rstrip(".") if is_plain and "@" not in host else ""


def refuse_other_origins(method: str, headers: Mapping[bytes, bytes]) -> None:
    """Refuse what a page of another site makes a browser send.

    Raises:
        Forbidden: `origin.foreign`.
    """
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
    origin = headers.get(b"origin", b"").decode("latin-1")
    is_foreign = site not in ("", "same-origin", "none")
    if method in SAFE:
        # Links from other sites may lead to us; nothing else has to come from there.
        is_foreign &= headers.get(b"sec-fetch-mode", b"") != b"navigate"
        is_foreign |= headers.get(b"sec-fetch-dest", b"") in (b"object", b"embed")
    elif origin:
        host = headers.get(b"host", b"").decode("latin-1")
        is_foreign |= urlsplit_netloc(origin) != host.lower()
    if is_foreign:
        raise Forbidden(
            "origin.foreign",
            f"The request comes from a page of another site ({(origin or site)[:80]!a}).",
            hint="Use the console's own pages; programs send a token and no Origin.",
        )


def urlsplit_netloc(origin: str) -> str:
    """Return host and port of an origin; empty where it is `null` or none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in ("http", "https") else ""


FIRST_PAGE = "/inbox"
"""Where a person is after signing in, unless they were about to go elsewhere."""


def local_path(text: str) -> str:
    """Return where to go on after signing in: a path of this console, else the first page."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text
    if not is_path or len(text) > NEXT_MAX or not text.isprintable() or " " in text:
        return FIRST_PAGE
    parts = urlsplit(text)
    is_elsewhere = parts.scheme or parts.netloc or parts.path.startswith("/sign-")
    return FIRST_PAGE if is_elsewhere or text == "/" else text


def home_page(request: "Request[Any, Any, Any]") -> str:
    """Return the address by which the client reaches this console; the gate checks hosts."""
    scheme = "https" if request.state.get("is_secure") else "http"
    return f"{scheme}://{request.headers.get('host', '')}{base_of(request.scope)}"


def is_loopback(address: str) -> bool:
    """Whether only processes of this machine reach what listens on `address`."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def sender(address: str) -> str:
    """Return the address that counts for limits: of IPv6 the network that one household has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:80]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)
