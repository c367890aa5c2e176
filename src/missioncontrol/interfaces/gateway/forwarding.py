"""Speaks to the upstreams: one pool of connections, and answers as their bytes arrive."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING

from missioncontrol.domain.secrets import Scrubber
from missioncontrol.interfaces.gateway.settings import Upstream

if TYPE_CHECKING:
    import aiohttp

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
OURS = frozenset(
    {
        b"host",
        b"content-length",
        b"authorization",
        b"x-api-key",
        b"accept-encoding",
        b"cookie",
        b"expect",
    }
)
"""Of a request: they speak of the way to us and not of the way on."""

NONE_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
HEADER_BYTES_MAX = 64 * 1024


class Unreachable(Exception):
    """Raised where no answer came."""

    def __init__(self, reason: str, *, is_unsent: bool) -> None:
        """`is_unsent` where the upstream has surely not begun to work."""
        super().__init__(reason)
        self.reason = reason
        self.is_unsent = is_unsent


class Answer:
    """What an upstream answers."""

    def __init__(self, response: "aiohttp.ClientResponse", key: str = "") -> None:
        """Its head has arrived. `key` is the upstream's, which some repeat in their complaints."""
        self._response = response
        self._key = key
        self.status = response.status
        heads = passed_on(
            ((name.lower(), value) for name, value in response.raw_headers), HOP_BY_HOP
        )
        self.headers: Headers = without_key(heads, key)
        self.is_stream = response.content_type == "text/event-stream"
        self.coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        self.is_plain = self.coding in PLAIN

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive.

        Raises:
            Unreachable: the connection was lost before the end.
        """
        import aiohttp

        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            reason = f"The upstream broke its answer off: {_describe_error(error)}."
            raise Unreachable(reason, is_unsent=False) from error

    def without_key(self, content: bytes) -> bytes:
        """Return a complaint without the key of the upstream, and with its new length."""
        if not self._key:
            return content
        clean = Scrubber([self._key]).bytes(content)
        length = str(len(clean)).encode()
        self.headers = [
            (name, length if name == b"content-length" else value) for name, value in self.headers
        ]
        return clean

    def close(self) -> None:
        """Close the connection at once, unless the answer is over."""
        self._response.close()


class Pool:
    """Connections to all upstreams."""

    def __init__(self, secret: Callable[[str], str]) -> None:
        """`secret` returns a secret by its name, read again each time; it raises `NotFound`."""
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make ready; nothing is connected yet."""
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30, ttl_dns_cache=60),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=NONE_ADDED,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def post(self, upstream: Upstream, path: str, headers: Headers, body: bytes) -> Answer:
        """Send a request on and return the head of its answer.

        Raises:
            Unreachable: no head came in time, or at all.
            NotFound: `secret.unknown`, the key of the upstream.
        """
        import aiohttp
        import yarl

        assert self._session is not None, "the gateway is open"
        url = yarl.URL(upstream.base_url.rstrip("/") + path, encoded=True)
        # A file that holds a secret alone ends with a line end.
        key = self._secret(upstream.key).strip() if upstream.key else ""
        sent = {**_texts(passed_on(headers, HOP_BY_HOP | OURS)), **_ours(upstream, key)}
        try:
            async with asyncio.timeout(upstream.first_seconds):
                response = await self._session.post(
                    url,
                    data=body,
                    headers=sent,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(sock_connect=upstream.connect_seconds),
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(_unreached(upstream, error), is_unsent=True) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(_unreached(upstream, error), is_unsent=False) from error
        return Answer(response, key)


def _ours(upstream: Upstream, key: str) -> dict[str, str]:
    """Return the headers that we add: the key of the upstream, and no packing of answers."""
    added = {"accept-encoding": "identity"}
    if not key:
        return added
    if upstream.api == "anthropic":
        return added | {"x-api-key": key}
    return added | {"authorization": f"Bearer {key}"}


def without_key(headers: Headers, key: str) -> Headers:
    """Return the headers in which `key` does not stand: some tools send theirs in several."""
    hidden = key.encode("utf-8", "replace")
    return [each for each in headers if not hidden or hidden not in each[1]]


def passed_on(headers: Iterable[tuple[bytes, bytes]], without: frozenset[bytes]) -> Headers:
    """Return the headers that go on; names are lower-case, order and repeats stay."""
    listed = list(headers)
    named = {
        word.strip().lower()
        for name, value in listed
        if name == b"connection"
        for word in value.split(b",")
    }
    return [(name, value) for name, value in listed if name not in without and name not in named]


def _texts(headers: Headers) -> dict[str, str]:
    """Return headers as texts; those that stand there twice are joined as HTTP has it."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1"), _text(value)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _text(value: bytes) -> str:
    """Return a value that is sent in UTF-8 again: as it came, if it was that."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _unreached(upstream: Upstream, error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"The upstream {upstream.name!r} did not answer within its time limit."
    return f"The upstream {upstream.name!r} can't be reached: {_describe_error(error)}."


def _describe_error(error: BaseException) -> str:
    import aiohttp

    if isinstance(error, aiohttp.ClientResponseError):
        # It repeats the content, which may be of another's call, or half of a secret.
        return f"{type(error).__name__}: the response is not valid HTTP"
    return f"{type(error).__name__}: {str(error)[:200]}" if str(error) else type(error).__name__


class Unpacker:
    """Unpacks a copy of a packed answer, so that it can be read while it passes as it is."""

    def __init__(self, coding: str) -> None:
        """`coding` is what `Content-Encoding` says."""
        # 32 added to the window makes zlib detect which of its two formats it is.
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32) if coding in PACKED else None
        self._is_plain = coding in PLAIN
        self.is_blind = self._zlib is None and not self._is_plain

    def unpack(self, chunk: bytes) -> bytes:
        """Return what a chunk holds; nothing where it can't be read."""
        if self._is_plain:
            return chunk
        if self._zlib is None or self.is_blind:
            return b""
        try:
            return self._zlib.decompress(chunk, UNPACKED_BYTES_MAX)
        except zlib.error:
            self.is_blind = True
            return b""


PLAIN = ("", "identity")
PACKED = ("gzip", "x-gzip", "deflate")
UNPACKED_BYTES_MAX = 16 * 1024 * 1024
"""Of one chunk: a small one may claim to hold gigabytes."""
