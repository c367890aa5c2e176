"""The line to a console on this machine or another: requests with a token, and refusals as ours."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from missioncontrol.domain.errors import (
    Conflict,
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)

API = "/api/v1"
SECONDS_MAX = 30.0
PROGRAM = "mission-client"  # what our clients call themselves, for the record of requests
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Kinds = Mapping[int | str, type[MissionControlError]]

KINDS: Kinds = {
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: Unavailable,
    500: Corrupt,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}

T = TypeVar("T")


class ServerProblem(Exception):
    """A refusal as the server reported it (RFC 9457); it is the cause of the raised error."""

    def __init__(self, problem: "_Problem") -> None:
        """Store the whole report."""
        super().__init__(problem.detail)
        self.status = problem.status
        self.type = problem.type
        self.title = problem.title
        self.detail = problem.detail
        self.code = problem.code
        self.hint = problem.hint
        self.instance = problem.instance  # the request's id, as the server's own log has it
        self.faults = tuple(problem.faults)  # each thing that does not fit


class _Problem(msgspec.Struct):
    code: str = ""
    detail: str = ""
    hint: str = ""
    type: str = "about:blank"
    title: str = ""
    status: int = 0
    instance: str = ""
    faults: list[str] = []
    kind: str = ""


class Asked(Protocol):
    """A request, and in which shape its answer comes: bytes are given as they are."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> Any: ...
    @property
    def query(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> Any: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class _Speech:
    """Requests to one server, and what its answers mean, whatever the transport."""

    _client: httpx.Client | httpx.AsyncClient

    def __init__(
        self,
        url: str,
        token: str,
        agent: str,
        kinds: Kinds = KINDS,
    ) -> None:
        self.url = _sound(url)
        self._kinds = kinds
        self._token = token
        self._agent = agent
        if not token:
            raise Rejected(
                "server.no_token",
                f"There is no token for {self.url}.",
                hint="Make one on its page Settings, Tokens, and set MISSION_TOKEN to it.",
            )

    def _ours(self) -> dict[str, Any]:
        """Return what holds for all that is sent."""
        return {
            "base_url": self.url + API,
            "headers": {"authorization": f"Bearer {self._token}", "user-agent": self._agent},
            "timeout": SECONDS_MAX,
            "trust_env": False,
        }

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str],
    ) -> httpx.Request:
        params = {name: value for name, value in query.items() if value is not None}
        all_headers = {**headers, **({} if body is None else {"content-type": "application/json"})}
        content = None if body is None else msgspec.json.encode(body)
        try:
            return self._client.build_request(
                method, path, params=params, content=content, headers=all_headers
            )
        except httpx.InvalidURL as error:
            raise Rejected(
                "server.bad_path", f"{path[:200]!r} can't be asked for: {error}."
            ) from None

    def _lasting(
        self,
        path: str,
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        seconds_max: float,
    ) -> httpx.Request:
        request = self._request("GET", path, query, None, headers)
        request.extensions["timeout"] = httpx.Timeout(SECONDS_MAX, read=seconds_max).as_dict()
        return request

    def silent(self, error: httpx.HTTPError) -> Unavailable:
        """Say that nothing came."""
        return Unavailable(
            "server.silent",
            f"The server at {self.url} does not answer: {error or type(error).__name__}.",
            hint="Look whether `mission up` runs there, and whether the address is right.",
        )

    def _refusal(self, answer: httpx.Response) -> MissionControlError:
        try:
            problem = msgspec.json.decode(answer.content, type=_Problem)
        except msgspec.MsgspecError:
            problem = _Problem()
        if not problem.code:
            return self._strange(f"it answered {answer.status_code}")
        by_status = self._kinds.get(answer.status_code, Rejected)
        kind = self._kinds.get(problem.kind, by_status)
        refusal = kind(problem.code, problem.detail, hint=problem.hint)
        refusal.__cause__ = ServerProblem(problem)
        return refusal

    def read(self, answer: httpx.Response, kind: type[T]) -> T:
        """Return an answer in the shape `kind`.

        Raises:
            Unavailable: `server.strange`.
        """
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise self._strange(str(error)) from None

    def _as_requested(self, asked: Asked, answer: httpx.Response) -> Any:
        if asked.kind is bytes:
            return answer.content
        return self.read(answer, asked.kind) if answer.content else None

    def _strange(self, why: str) -> Unavailable:
        return Unavailable(
            "server.strange",
            f"What answers at {self.url} speaks another language: {why}.",
            hint="Look whether it is a Mission Control of this version.",
        )


class ServerLine(_Speech):
    """Sends requests to one server, in the name of the token's owner."""

    _client: httpx.Client

    def __init__(
        self,
        url: str,
        token: str,
        *,
        agent: str = PROGRAM,
        kinds: Kinds = KINDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url` is where its pages are, and `agent` what asks. `transport` is another way there.

        `kinds` are the errors that its refusals become, by the kind that they name or else by
        their status; all others are `Rejected`.

        Raises:
            Rejected: `server.bad_url`, or `server.no_token`.
        """
        super().__init__(url, token, agent, kinds)
        self._transport = transport
        self._client = httpx.Client(**self._ours(), transport=transport)

    def again(self) -> "ServerLine":
        """Return another line to the same server, to be closed by itself."""
        return ServerLine(
            self.url, self._token, agent=self._agent, kinds=self._kinds, transport=self._transport
        )

    def get(self, path: str, kind: type[T], **query: Any) -> T:
        """Return what stands there, in the shape `kind`.

        Raises:
            MissionControlError: as the server refuses, or `server.silent`, `server.strange`.
        """
        return self.read(self.send("GET", path, query=query), kind)

    def content(self, path: str) -> bytes:
        """Return the bytes that stand there; raises as `get`."""
        return self.send("GET", path).content

    def post(self, path: str, body: Any, kind: type[T], *, key: str = "") -> T:
        """Ask for a change, once where `key` is given, and return the answer; raises as `get`."""
        return self.read(self.send("POST", path, body=body, headers=keyed(key)), kind)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] = {},
        body: Any = None,
        headers: Mapping[str, str] = {},
    ) -> httpx.Response:
        """Ask once, with `body` as JSON unless it is None; a query's None is left out.

        Raises:
            MissionControlError: as the server refuses, or `server.silent`, `server.strange`.
        """
        request = self._request(method, path, query, body, headers)
        try:
            answer = self._client.send(request)
        except httpx.HTTPError as error:
            raise self.silent(error) from None
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    @contextmanager
    def streamed(
        self,
        path: str,
        *,
        query: Mapping[str, Any] = {},
        headers: Mapping[str, str] = {},
        seconds_max: float = SECONDS_MAX,
    ) -> Iterator[httpx.Response]:
        """Open what stands there, to be read as it comes; raises as `send`, also while it comes.

        It breaks off where nothing comes for `seconds_max`.
        """
        request = self._lasting(path, query, headers, seconds_max)
        try:
            answer = self._client.send(request, stream=True)
            with closing(answer):
                if not answer.is_success:
                    answer.read()
                    raise self._refusal(answer)
                yield answer
        except httpx.HTTPError as error:
            raise self.silent(error) from None

    def called(self, asked: Asked) -> Any:
        """Ask once, and return the answer in the shape that is asked for; raises as `get`."""
        answer = self.send(
            asked.method, asked.path, query=asked.query, body=asked.body, headers=asked.headers
        )
        return self._as_requested(asked, answer)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncServerLine(_Speech):
    """Asks one server as `ServerLine` does, while others go on."""

    _client: httpx.AsyncClient

    def __init__(
        self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """See `ServerLine`."""
        super().__init__(url, token, PROGRAM)
        self._client = httpx.AsyncClient(**self._ours(), transport=transport)

    async def called(self, asked: Asked) -> Any:
        """Ask once, and return the answer in the shape that is asked for; see `ServerLine`."""
        request = self._request(asked.method, asked.path, asked.query, asked.body, asked.headers)
        try:
            answer = await self._client.send(request)
        except httpx.HTTPError as error:
            raise self.silent(error) from None
        if not answer.is_success:
            raise self._refusal(answer)
        return self._as_requested(asked, answer)

    @asynccontextmanager
    async def streamed(
        self,
        path: str,
        *,
        query: Mapping[str, Any] = {},
        headers: Mapping[str, str] = {},
        seconds_max: float = SECONDS_MAX,
    ) -> AsyncIterator[httpx.Response]:
        """Open what stands there, to be read as it comes; see `ServerLine`."""
        request = self._lasting(path, query, headers, seconds_max)
        try:
            answer = await self._client.send(request, stream=True)
            async with aclosing(answer):
                if not answer.is_success:
                    await answer.aread()
                    raise self._refusal(answer)
                yield answer
        except httpx.HTTPError as error:
            raise self.silent(error) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def keyed(key: str) -> dict[str, str]:
    """Return the headers of what is to be done once, however often it is asked for."""
    return {"idempotency-key": key} if key else {}


def _sound(url: str) -> str:
    """Return the address without its last slash; a token goes in clear to this machine alone.

    Raises:
        Rejected: `server.bad_url`.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    is_safe = parts.scheme == "https" or parts.host in LOOPBACK
    if parts.scheme not in ("http", "https") or not parts.host or not is_safe:
        raise Rejected(
            "server.bad_url",
            f"{url[:200]!r} is no address of a server that a token may be sent to.",
            hint="Give https://HOST, or http://127.0.0.1:PORT for one on this machine.",
        )
    return url.rstrip("/")
