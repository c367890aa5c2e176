"""Requests, read exactly as they are declared: a number in quotes is no number."""

from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from missioncontrol.interfaces.request import key_of

AnyRequest = Request[Any, Any, Any]


async def refuse_inexact(request: AnyRequest) -> None:
    """Refuse a body that does not fit what its handler declares, before the handler sees it.

    Raises:
        ValidationException: 400, with the place in the body.
        Rejected: `request.bad_key`.
    """
    key_of(request)
    declared = request.route_handler.parsed_fn_signature.parameters.get("data")
    if declared is None:
        return
    body = await request.body()
    try:
        if body:
            _decoder(declared.annotation).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationException(f"The body does not fit: {error}.") from None


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return what reads bodies of a kind: as many kinds as handlers declare."""
    return msgspec.json.Decoder(kind)
