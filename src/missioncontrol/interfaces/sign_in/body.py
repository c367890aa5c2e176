"""The body of a request as it comes in: not too long, not too slow, and read once."""

import asyncio
from urllib.parse import parse_qsl

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.listeners import Receive

FORM = b"application/x-www-form-urlencoded"
FORM_BYTES_MAX = 1024 * 1024
FIELDS_MAX = 1_000
"""Of a form. Each one costs far more time than its bytes."""

STRANGER_BYTES_MAX = 64 * 1024
"""For clients not signed in: a name and a password are short, and parsing takes time."""


class TooLarge(MissionControlError):
    """More bytes than are accepted."""

    status = 413


class TooSlow(MissionControlError):
    """Fewer bytes than should have come by now."""

    status = 408


class Body:
    """What a client sends, with a bound on its length and on its time."""

    def __init__(
        self, receive: Receive, bytes_max: int, seconds_max: float, *, is_form: bool = False
    ) -> None:
        """The time begins now."""
        self._receive = receive
        self._is_form = is_form
        self._fields = 1
        self._bytes_max = bytes_max
        self._deadline = asyncio.get_running_loop().time() + seconds_max
        self._received = 0
        self._is_whole = False
        self._buffered: bytes | None = None  # read ahead, for the application to read
        self.failure: MissionControlError | None = None

    def is_a_strangers(self) -> None:
        """Accept no more than a client needs to sign in."""
        self._bytes_max = min(self._bytes_max, STRANGER_BYTES_MAX)

    async def receive(self) -> dict[str, object]:
        """Stand in for `receive` of the application; a body that is refused ends the connection."""
        if self._buffered is not None:
            stored, self._buffered = self._buffered, None
            return {"type": "http.request", "body": stored, "more_body": False}
        if self._is_whole:
            return dict(await self._receive())  # Until the client is gone.
        try:
            return await self._next()
        except MissionControlError as failure:
            self.failure = failure
            return {"type": "http.disconnect"}

    async def _next(self) -> dict[str, object]:
        try:
            async with asyncio.timeout_at(self._deadline):
                message = dict(await self._receive())
        except TimeoutError:
            raise TooSlow("request.slow", "The request did not come in time.") from None
        if message["type"] != "http.request":
            self._is_whole = True
            return message
        self._received += len(bytes(message.get("body") or b""))
        if self._received > self._bytes_max:
            raise too_large(self._bytes_max)
        if self._is_form:
            self._count_fields(bytes(message.get("body") or b""))
        self._is_whole = not message.get("more_body", False)
        return message

    def _count_fields(self, part: bytes) -> None:
        self._fields += part.count(b"&")
        if self._fields > FIELDS_MAX:
            raise TooLarge(
                "request.too_many_fields",
                f"The form has more than {FIELDS_MAX:,} fields.",
                hint="Send less at once.",
            )
        if self._received > FORM_BYTES_MAX:
            raise too_large(FORM_BYTES_MAX)

    async def field(self, name: str) -> str:
        """Return a field of a form, and leave the form for the application to read.

        Raises:
            TooLarge: `request.too_large` or `request.too_many_fields`.
            TooSlow: `request.slow`.
        """
        parts: list[bytes] = []
        while not self._is_whole:
            message = await self._next()
            parts.append(message.get("body") or b"")  # type: ignore[arg-type]
        self._buffered = b"".join(parts)
        fields = parse_qsl(self._buffered.decode("latin-1"))
        return next((value for key, value in fields if key == name), "")


def too_large(bytes_max: int) -> TooLarge:
    """Say that a body is too long."""
    return TooLarge(
        "request.too_large",
        f"The request has more than {bytes_max:,} bytes.",
        hint="Send less at once.",
    )
