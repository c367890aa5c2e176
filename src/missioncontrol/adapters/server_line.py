"""The line to a console on this machine or another: requests with a token, and refusals as ours."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, TypeVar

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
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

KINDS: dict[int, type[MissionControlError]] = {
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


class _Problem(msgspec.Struct):
    code: str = ""
    detail: str = ""
    hint: str = ""


class ServerLine:
    """Asks one server, in the name of whoever owns the token."""

    def __init__(
        self, url: str, token: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        """`url` is where its pages are. `transport` is another way there, for tests.

        Raises:
            Rejected: `server.bad_url`, or `server.no_token`.
        """
        self.url = _sound(url)
        self._token = token
        self._transport = transport
        if not token:
            raise Rejected(
                "server.no_token",
                f"There is no token for {self.url}.",
                hint="Make one on its page Settings, Tokens, and set MISSION_TOKEN to it.",
            )
        self._client = httpx.Client(
            base_url=self.url + API,
            headers={"authorization": f"Bearer {token}"},
            timeout=SECONDS_MAX,
            transport=transport,
            trust_env=False,
        )

    def again(self) -> "ServerLine":
        """Return another line to the same server, to be closed by itself."""
        return ServerLine(self.url, self._token, transport=self._transport)

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
            raise self._silent(error) from None
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
        request = self._request("GET", path, query, None, headers)
        request.extensions["timeout"] = httpx.Timeout(SECONDS_MAX, read=seconds_max).as_dict()
        try:
            answer = self._client.send(request, stream=True)
            with closing(answer):
                if not answer.is_success:
                    answer.read()
                    raise self._refusal(answer)
                yield answer
        except httpx.HTTPError as error:
            raise self._silent(error) from None

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str],
    ) -> httpx.Request:
        params = {name: value for name, value in query.items() if value is not None}
        told = {**headers, **({} if body is None else {"content-type": "application/json"})}
        content = None if body is None else msgspec.json.encode(body)
        try:
            return self._client.build_request(
                method, path, params=params, content=content, headers=told
            )
        except httpx.InvalidURL as error:
            raise Rejected(
                "server.bad_path", f"{path[:200]!r} can't be asked for: {error}."
            ) from None

    def _silent(self, error: httpx.HTTPError) -> Unavailable:
        return Unavailable(
            "server.silent",
            f"The server at {self.url} does not answer: {error}.",
            hint="Look whether `mission up` runs there, and whether the address is right.",
        )

    def _refusal(self, answer: httpx.Response) -> MissionControlError:
        try:
            problem = msgspec.json.decode(answer.content, type=_Problem)
        except msgspec.MsgspecError:
            problem = _Problem()
        if not problem.code:
            return self._strange(f"it answered {answer.status_code}")
        kind = KINDS.get(answer.status_code, Rejected)
        return kind(problem.code, problem.detail, hint=problem.hint)

    def read(self, answer: httpx.Response, kind: type[T]) -> T:
        """Return an answer in the shape `kind`.

        Raises:
            Unavailable: `server.strange`.
        """
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise self._strange(str(error)) from None

    def _strange(self, why: str) -> Unavailable:
        return Unavailable(
            "server.strange",
            f"What answers at {self.url} speaks another language: {why}.",
            hint="Look whether it is a Mission Control of this version.",
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


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
