"""Sends webhooks to public addresses, and to private ones only if the owner allows it.

A name is resolved once, and the connection goes to the checked address. So a different DNS answer a
moment later (DNS rebinding) has no effect.
"""

import asyncio
from urllib.parse import urlsplit

import httpx

from missioncontrol.adapters.network_addresses import is_outside, looked_up, port_of
from missioncontrol.ports.deliveries import Answered

SECONDS_MAX = 10.0


class HttpSender:
    """Sends POST requests without following redirects."""

    def __init__(self, *, inside: bool = False) -> None:
        """With `inside`, addresses of this machine and of private networks are allowed."""
        self._inside = inside
        self._client = httpx.AsyncClient(
            timeout=SECONDS_MAX,
            follow_redirects=False,
            trust_env=False,
            # A reused connection of one host name must not serve another name at the same address.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answered:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                parts = urlsplit(url)
                host = parts.hostname or ""
                place = await self._place(host, parts.port or port_of(parts.scheme))
                if not place:
                    return Answered(0, f"{host} is inside this network, so nothing is sent there.")
                return await self._post(url, host, place, body, headers)
        except TimeoutError:
            return Answered(0, f"It did not answer within {SECONDS_MAX:g} s.")
        except (OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            return Answered(0, f"It could not be reached: {error or type(error).__name__}"[:300])

    async def _place(self, host: str, port: int) -> str:
        """Return the first allowed address of `host`, or an empty string."""
        places = await looked_up(host, port)
        if not self._inside and not all(map(is_outside, places)):
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
            text = await _beginning(answer)
            return Answered(answer.status_code, f"It answered {answer.status_code}: {text}"[:300])
        finally:
            await answer.aclose()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _beginning(answer: httpx.Response) -> str:
    found = b""
    async for part in answer.aiter_raw():  # Raw: decompressed, it may be a thousand times longer.
        found += part
        if len(found) >= 200:
            break
    return " ".join(found[:200].decode("utf-8", "replace").split())
