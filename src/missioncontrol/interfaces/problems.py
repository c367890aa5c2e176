"""Every refusal as RFC 9457 problem details, with our stable codes."""

import logging
from http import HTTPStatus

import msgspec
from litestar.exceptions import HTTPException, ValidationException

from missioncontrol.domain.errors import (
    Conflict,
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
    kind_of,
)
from missioncontrol.surfaces.problem import Problem as Problem

MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[MissionControlError], int] = {
    NotFound: 404,
    Conflict: 409,
    Rejected: 422,
    Unavailable: 503,
    Corrupt: 500,
}
AGAINST_THE_STATE = frozenset(
    {
        "run.settled",
        "approval.settled",
        "request.half_done",
        "request.open",
        "workflow.saved_meanwhile",
        "agent.exists",
        "schedule.exists",
        "user.exists",
        "webhook.exists",
        "product.exists",
        "source.exists",
    }
)
"""Refusals of what would be right at another time, or of another one: 409."""

OF_HTTP = {
    404: ("There is nothing at this address.", "The page API lists every address."),
    405: ("This address takes no such request.", "`Allow` of the answer says what it takes."),
}
"""What to say where the library only names a status, and what to do."""

_log = logging.getLogger(__name__)


def problem_of(error: Exception, request_id: str) -> Problem:
    """Return the problem for `error`; an unforeseen one is reported without its details."""
    if isinstance(error, MissionControlError):
        return _of_ours(error, request_id)
    if isinstance(error, HTTPException):
        return _of_http(error, request_id)
    _log.error("request %s broke off", request_id, exc_info=error)
    detail = "The request broke off. Nothing of it may have been done; look first."
    return _problem("console.broken", _phrase(500), 500, detail, instance=request_id)


def _of_ours(error: MissionControlError, request_id: str) -> Problem:
    own: int | None = getattr(error, "status", None)  # of what is refused before it is looked at
    status = own or (409 if error.code in AGAINST_THE_STATE else STATUS.get(type(error), 500))
    title = _phrase(status)
    found = _problem(error.code, title, status, error.reason, error.hint, instance=request_id)
    return msgspec.structs.replace(found, kind=kind_of(error))


def _of_http(error: HTTPException, request_id: str) -> Problem:
    faults: tuple[str, ...] = ()
    code = f"http.{error.status_code}"
    if isinstance(error, ValidationException):
        code = "request.malformed"
        extra = error.extra if isinstance(error.extra, list) else []
        faults = tuple(f"{each.get('key', '')}: {each.get('message', '')}" for each in extra)
    detail, hint = OF_HTTP.get(error.status_code, (error.detail, ""))
    return _problem(
        code,
        _phrase(error.status_code),
        error.status_code,
        detail or "The request can't be answered.",
        hint,
        instance=request_id,
        faults=faults,
    )


def _phrase(status: int) -> str:
    """Return what HTTP calls a status: the same for every problem of a type (RFC 9457)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


def _problem(
    code: str,
    title: str,
    status: int,
    detail: str,
    hint: str = "",
    *,
    instance: str,
    faults: tuple[str, ...] = (),
) -> Problem:
    kind = f"urn:mission-control:{code}"
    return Problem(kind, title, status, detail, code, hint, instance, faults)
