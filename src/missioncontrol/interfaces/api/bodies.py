"""Requests, read exactly as they are declared: a number in quotes is no number."""

from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from missioncontrol.interfaces.api.media_types import refuse_other_types
from missioncontrol.interfaces.request import forgo_condition, key_of

AnyRequest = Request[Any, Any, Any]


async def refuse_inexact(request: AnyRequest) -> None:
    """Refuse a body that does not fit what its handler declares, before the handler sees it.

    Raises:
        ValidationException: 400, with the place in the body.
        Rejected: `request.bad_key`.
        NotAcceptable, OtherType: see `refuse_other_types`.
    """
    key_of(request)
    await forgo_condition(request, request.app.state.console.present)
    handler = request.route_handler
    declared = handler.parsed_fn_signature.parameters.get("data")
    body = await request.body() if declared is not None else b""
    refuse_other_types(request, handler.handler_name, has_body=bool(body))
    if declared is None:
        return
    try:
        if body:
            _decoder(declared.annotation).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationException(f"The body does not fit: {error}.") from None


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return what reads bodies of a kind: as many kinds as handlers declare."""
    return msgspec.json.Decoder(kind)
