"""The HTTP client of a worker for its server."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from missioncontrol.domain.errors import (
    Conflict,
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)
from missioncontrol.ports.workers import (
    ARTIFACT_BYTES_MAX,
    Introduction,
    Lease,
    Orders,
    Poll,
    Report,
    ReportReceipt,
    Welcome,
)

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

CONNECT_SECONDS_MAX = 10.0
ANSWER_SECONDS_MAX = 30.0
"""Timeout of a response, because a dead connection may stay silent for ever."""

POLL_SLACK_SECONDS = 10.0
PORTION = 1024 * 1024
_KINDS: dict[int, type[MissionControlError]] = {
    400: Rejected,
    401: Rejected,
    404: NotFound,
    409: Conflict,
}


class ServerClient:
    """Sends requests to one server. Every network error is `Unavailable`."""

    def __init__(self, url: str, token: str) -> None:
        """`url` is the address of the server, such as https://missions.example.org.

        Raises:
            Rejected: `worker.bad_url`.
        """
        import httpx

        self._client = httpx.AsyncClient(
            base_url=_address(url),
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
        )  # httpx uses the proxy and the certificates that the environment names.

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def register(self, who: Introduction) -> Welcome:
        return await self._post("/v1/register", who, Welcome)

    async def poll(self, poll: Poll) -> Orders:
        import httpx

        seconds = poll.seconds_max + POLL_SLACK_SECONDS
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS_MAX)
        return await self._post("/v1/poll", poll, Orders, timeout=timeout)

    async def report(self, report: Report) -> ReportReceipt:
        return await self._post("/v1/report", report, ReportReceipt)

    async def send(self, lease: Lease, digest: str, file: Path) -> None:
        """Upload a file."""
        params = _params(lease)
        answer = await self._request(
            "PUT", f"/v1/artifacts/{digest}", params=params, content=_portions(file)
        )
        _refuse(answer)

    async def fetch(self, lease: Lease, digest: str) -> bytes:
        """Return an artifact of an earlier step, checked against its digest."""
        answer = await self._request("GET", f"/v1/artifacts/{digest}", params=_params(lease))
        _refuse(answer)
        content = answer.content
        if hashlib.sha256(content).hexdigest() != digest:
            raise Corrupt(
                "artifact.corrupt", f"Artifact {digest!r} was corrupted during the transfer."
            )
        return content

    async def _post(self, path: str, ask: Any, form: type[T], **more: Any) -> T:
        answer = await self._request("POST", path, content=msgspec.json.encode(ask), **more)
        _refuse(answer)
        try:
            return msgspec.json.decode(answer.content, type=form)
        except msgspec.DecodeError as error:
            raise Unavailable(
                "worker.strange_server",
                f"The response from {path} is not that of a Mission Control server: {error}.",
            ) from None

    async def _request(self, method: str, path: str, **more: Any) -> "httpx.Response":
        import httpx

        try:
            answer = await self._client.request(method, path, **more)
        except (httpx.HTTPError, OSError) as error:
            detail = str(error).rstrip(".") or type(error).__name__
            reason = f"The server can't be reached: {detail}."
            raise Unavailable("worker.unreachable", reason) from None
        if len(answer.content) > ARTIFACT_BYTES_MAX:
            raise Unavailable("worker.strange_server", "The answer of the server is too large.")
        return answer


def _refuse(answer: "httpx.Response") -> None:
    """Raise the error in a response, if it is one."""
    if answer.status_code == 200:
        return
    kind = _KINDS.get(answer.status_code, Unavailable)
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, str])
        raise kind(problem["code"], problem["reason"], hint=problem.get("hint", ""))
    except (msgspec.DecodeError, KeyError):
        # Perhaps the error page of a proxy, which may be temporary.
        reason = f"The server answered with status {answer.status_code}."
        raise Unavailable("worker.strange_server", reason) from None


def _address(url: str) -> str:
    """Return the address of a server.

    Raises:
        Rejected: `worker.bad_url`.
    """
    import httpx

    try:
        parsed = httpx.URL(url)
        is_good = parsed.scheme in ("http", "https") and parsed.host and not parsed.query
    except httpx.InvalidURL:
        is_good = False
    if not is_good or re.search(r"[\s#]", url):
        raise Rejected(
            "worker.bad_url",
            f"{url[:200]!r} is not the address of a server.",
            hint="It looks like http://127.0.0.1:4190 or https://missions.example.org/workers.",
        )
    return url.rstrip("/")


def _params(lease: Lease) -> dict[str, str]:
    return {"run": lease.run, "step": lease.step, "fence": str(lease.fence)}


async def _portions(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while part := await asyncio.to_thread(opened.read, PORTION):
            yield part
