"""The answers to senders of events, in the form that the libraries of both services know."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.interfaces.capture.faults import Fault, NothingStored, TooFast, TooMuch
from missioncontrol.interfaces.capture.intake import AcceptedEvents
from missioncontrol.interfaces.problems import problem_of
from missioncontrol.ports.warehouse import Full

FAULTS_MAX = 1_000
ORIGIN_MAX = 300
HEADERS_MAX = 1_000
PREFLIGHT_SECONDS = "86400"
AGAIN_SECONDS = 5
"""After which a warehouse that can't be reached may be there again."""


class CaptureReceipt(msgspec.Struct, omit_defaults=True):
    """They are on disk."""

    success: bool  # as Segment says it
    status: int  # as PostHog says it
    stored: int
    duplicates: int
    refused: int = 0  # of removed people, or older than the retention period
    faults: list[Fault] = []
    faults_left_out: int = 0


def headers_for(origin: str) -> dict[str, str]:
    """Return the headers that allow a page of any origin to read the answer.

    A sender with a write key may send from any origin. Cookies count for nothing here, so a
    page that sends them along gets no further than one that does not.
    """
    common = {"cross-origin-resource-policy": "cross-origin", "cache-control": "no-store"}
    if not origin or len(origin) > ORIGIN_MAX or not origin.isprintable():
        return {**common, "vary": "Origin"}
    return {
        **common,
        "vary": "Origin",
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Retry-After",
    }


def preflight(headers: Mapping[str, str], asked: str) -> Response[bytes]:
    """Allow a page to send what it asks to send."""
    found = {
        **headers,
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-max-age": PREFLIGHT_SECONDS,
    }
    if asked and len(asked) <= HEADERS_MAX and asked.isprintable():
        found["access-control-allow-headers"] = asked
    return Response(b"", status_code=204, headers=found)


def receipt_of(accepted: AcceptedEvents) -> CaptureReceipt:
    """Return the counts of what is stored.

    Raises:
        NothingKept: of what was sent nothing can be.
    """
    if accepted.faults and not accepted.ids:
        raise NothingStored(accepted.faults)
    stored, faults = accepted.stored, accepted.faults
    return CaptureReceipt(
        success=True,
        status=1,
        stored=stored.stored,
        duplicates=stored.duplicates,
        refused=stored.refused,
        faults=faults[:FAULTS_MAX],
        faults_left_out=max(0, len(faults) - FAULTS_MAX),
    )


def results(accepted: AcceptedEvents) -> dict[str, dict[str, dict[str, str]]]:
    """Say what became of each event by its id, as PostHog's newer form has it."""
    found = {id_: {"result": "ok"} for id_ in accepted.ids}
    for fault in accepted.faults:
        name = fault.id or f"position {fault.position}"
        found[name] = {"result": "drop", "details": fault.reason}
    return {"results": found}


def answer(content: Any, headers: Mapping[str, str]) -> Response[bytes]:
    """Return an answer in JSON."""
    body = msgspec.json.encode(content)
    return Response(body, media_type="application/json", headers=dict(headers), status_code=200)


def refusal(
    error: MissionControlError, headers: Mapping[str, str], request: str
) -> Response[bytes]:
    """Return a refusal as problem details, with the words by which the libraries know one."""
    problem = problem_of(error, request)
    status = 429 if isinstance(error, Full) else problem.status
    content = msgspec.to_builtins(msgspec.structs.replace(problem, status=status))
    content |= {"success": False, "message": problem.detail}
    if isinstance(error, NothingStored):
        content["faults"] = error.faults[:FAULTS_MAX]
    found = {**headers, **_again(error)}
    if status in (408, 413):
        found["connection"] = "close"
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        media_type="application/problem+json",
        headers=found,
    )


def _again(error: MissionControlError) -> dict[str, str]:
    """Return when to send it again; whole seconds, as one of the libraries reads no others."""
    if isinstance(error, Full | TooFast):
        return {"retry-after": str(max(1, math.ceil(error.retry_after)))}
    if isinstance(error, TooMuch):
        return {"retry-after": "1"}
    return {"retry-after": str(AGAIN_SECONDS)} if isinstance(error, Unavailable) else {}
