"""Tells an address outside something, and never one inside unless the owner allows it.

A name is looked up once and the connection goes to the address that was found and looked at:
another answer of the name server a moment later changes nothing.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

from missioncontrol.ports.deliveries import Answered

SECONDS_MAX = 10.0
WRAPPING = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""Networks of IPv6 that stand for all of IPv4: of translators (RFC 6052, 2765), and of old."""

SITE_LOCAL = ipaddress.ip_network("fec0::/10")  # deprecated, and private where it is in use

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HttpSender:
    """POSTs, without following anything."""

    def __init__(self, *, inside: bool = False) -> None:
        """With `inside`, addresses of this machine and of private networks are told too."""
        self._inside = inside
        self._client = httpx.AsyncClient(
            timeout=SECONDS_MAX,
            follow_redirects=False,
            trust_env=False,
            # One that was made for a name must not serve another name at the same address.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answered:
        """See `Sender.send`."""
        try:
            async with asyncio.timeout(SECONDS_MAX):
                parts = urlsplit(url)
                host = parts.hostname or ""
                place = await self._place(host, parts.port or _port(parts.scheme))
                if not place:
                    return Answered(0, f"{host} is inside of this network; nothing is told there.")
                return await self._post(url, host, place, body, headers)
        except TimeoutError:
            return Answered(0, f"It did not answer within {SECONDS_MAX:g} s.")
        except (OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            return Answered(0, f"It could not be reached: {error or type(error).__name__}"[:300])

    async def _place(self, host: str, port: int) -> str:
        """Return the first address of `host` that may be told; empty where none may be."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        places = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        if not self._inside and not all(map(_is_outside, places)):
            return ""
        return str(places[0])

    async def _post(
        self, url: str, host: str, place: str, body: bytes, headers: dict[str, str]
    ) -> Answered:
        target = httpx.URL(url)
        named = f"[{host}]" if ":" in host else host
        request = self._client.build_request(
            "POST",
            target.copy_with(host=place),
            content=body,
            headers={
                **headers,
                "accept-encoding": "identity",
                "host": f"{named}:{target.port}" if target.port else named,
            },
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            if answer.is_success:
                return Answered(answer.status_code)
            said = await _beginning(answer)
            return Answered(answer.status_code, f"It answered {answer.status_code}: {said}"[:300])
        finally:
            await answer.aclose()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


async def _beginning(answer: httpx.Response) -> str:
    found = b""
    async for part in answer.aiter_raw():  # As it came: unpacked it may be a thousand times longer.
        found += part
        if len(found) >= 200:
            break
    return " ".join(found[:200].decode("utf-8", "replace").split())


def _is_outside(place: Address) -> bool:
    """Whether an address is one of the world, also by what it stands for where it wraps another."""
    wrapped = _wrapped(place) if isinstance(place, ipaddress.IPv6Address) else None
    is_one = place.is_global and not (place.is_multicast or place in SITE_LOCAL)
    return is_one if wrapped is None else _is_outside(wrapped)


def _wrapped(place: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address at which packets for an IPv6 one may arrive."""
    if any(place in network for network in WRAPPING):
        return ipaddress.IPv4Address(int(place) & 0xFFFF_FFFF)
    return place.ipv4_mapped or place.sixtofour


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
