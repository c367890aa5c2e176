"""Connects to a peer: reads its card, and reaches only the declared origin."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import a2a_pb2 as pb
from a2a.utils.errors import A2AError

from missioncontrol.adapters.agents.a2a.settings import A2aSettings
from missioncontrol.adapters.agents.a2a.task import TROUBLE, refusal
from missioncontrol.adapters.agents.http.limits import (
    ANSWER_BYTES_MAX,
    address_of,
    bounded,
    refuse_open_secret,
)
from missioncontrol.adapters.agents.kind_support import fill_template, program_environment
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.agent_kind import Workshop

CARD_BYTES_MAX = 1024 * 1024
BINDINGS = ["JSONRPC", "HTTP+JSON"]
VERSION = "1.0"


class BoundedStream(httpx.AsyncByteStream):
    """A response body with a limit of bytes."""

    def __init__(self, whole: httpx.AsyncByteStream, url: str, bytes_max: int) -> None:
        self._whole = whole
        self._url = url
        self._bytes_max = bytes_max

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the chunks of the body.

        Raises:
            AttemptFailed: `a2a.too_much`.
        """
        most, code = self._bytes_max, "a2a.too_much"
        async for chunk in bounded(self._whole, url=self._url, bytes_max=most, code=code):
            yield chunk

    async def aclose(self) -> None:
        await self._whole.aclose()


class OriginTransport(httpx.AsyncHTTPTransport):
    """Sends requests to one origin only, at an address that was checked."""

    def __init__(self, origin: httpx.URL, *, private: bool) -> None:
        """`private` allows a public name to resolve to a private address."""
        super().__init__()
        self.bytes_max = CARD_BYTES_MAX
        self._origin = _origin_of(origin)
        self._private = private

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; refuse other origins, to which a card or a redirect may lead."""
        url = request.url
        if _origin_of(url) != self._origin:
            raise AttemptFailed(
                "a2a.other_host",
                f"The peer refers to another host: {url.host!r}.",
                hint="Declare that host as the address of the agent if it is the right one.",
                retryable=False,
            )
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await address_of(url.host, port, private=self._private)
        request.url = url.copy_with(host=address)
        if url.scheme == "https":
            request.extensions = {**request.extensions, "sni_hostname": url.host}
        answer = await super().handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = BoundedStream(answer.stream, str(url), self.bytes_max)
        return answer


def _origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """Return scheme, host and port."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


@asynccontextmanager
async def connect_peer(
    settings: A2aSettings, workshop: Workshop, trace: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Client, pb.AgentCard]]:
    """Yield a client for a peer, and its card; `trace` are headers that name a span.

    Raises:
        AttemptFailed: `a2a.lost`, `a2a.refused`, `a2a.other_host`, `a2a.no_variable`,
            `a2a.insecure`, `a2a.too_much`.
    """
    environment = program_environment(workshop)
    headers = {
        name: fill_template(
            value, environment, code="a2a.no_variable", place=f"The header {name!r}"
        )
        for name, value in settings.headers.items()
    }
    if headers != settings.headers:
        await refuse_open_secret(settings.url, private=settings.private, code="a2a.insecure")
    transport = OriginTransport(httpx.URL(settings.url), private=settings.private)
    async with httpx.AsyncClient(
        headers={"A2A-Version": VERSION, **(trace or {}), **headers},
        transport=transport,
        timeout=httpx.Timeout(settings.seconds_max, connect=min(10.0, settings.seconds_max)),
        trust_env=False,
    ) as http:
        card = await _card(http, settings, workshop)
        transport.bytes_max = ANSWER_BYTES_MAX
        config = ClientConfig(
            streaming=settings.streaming,
            # Without a stream, poll: only a task whose id we know can be cancelled.
            polling=not (settings.streaming and card.capabilities.streaming),
            httpx_client=http,
            supported_protocol_bindings=BINDINGS,
        )
        try:
            client = ClientFactory(config).create(card)
        except (A2AError, ValueError) as error:
            raise refusal(error, settings, workshop.scrub) from None
        yield client, card


async def _card(http: httpx.AsyncClient, settings: A2aSettings, workshop: Workshop) -> pb.AgentCard:
    """Return the card of a peer, without the addresses of other origins.

    Raises:
        AttemptFailed: `a2a.lost` or `a2a.other_host`.
    """
    resolver = A2ACardResolver(http, settings.url)
    try:
        card = await resolver.get_agent_card(relative_card_path=settings.card or None)
    except TROUBLE as error:
        raise refusal(error, settings, workshop.scrub) from None
    own = _origin_of(httpx.URL(settings.url))
    own_interfaces = [each for each in card.supported_interfaces if _is_of(each.url, own)]
    if not own_interfaces:
        named = ", ".join(each.url for each in card.supported_interfaces)[:300]
        raise AttemptFailed(
            "a2a.other_host",
            f"The card of {settings.url} names only other hosts: {named or 'none'}.",
            hint="Declare an address in the card if it is the right one.",
            retryable=False,
        )
    del card.supported_interfaces[:]
    card.supported_interfaces.extend(own_interfaces)
    return card


def _is_of(url: str, origin: tuple[str, str, int]) -> bool:
    try:
        return _origin_of(httpx.URL(url)) == origin
    except httpx.InvalidURL:
        return False
