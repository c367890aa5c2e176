"""Answers to what went wrong: a problem for programs, a page for people."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response

from missioncontrol.interfaces.problems import MEDIA_TYPE as MEDIA_TYPE
from missioncontrol.interfaces.problems import Problem as Problem
from missioncontrol.interfaces.problems import problem_of as problem_of


def answer_with(
    page: Callable[[Request[Any, Any, Any], Problem], Response[Any] | None],
) -> Callable[[Request[Any, Any, Any], Exception], Response[Any]]:
    """Return the handler of all exceptions; `page` answers where a person looks, else None."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        found = problem_of(error, getattr(request.state, "request_id", ""))
        headers = _allowing(getattr(error, "headers", None) or {})
        shown = page(request, found)
        if shown is not None:
            shown.headers.update(headers)
            return shown
        return Response(
            msgspec.json.encode(found),
            status_code=found.status,
            media_type=MEDIA_TYPE,
            headers=headers,
        )

    return answer


def _allowing(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers whose `Allow`, if there is one, names what we answer: HEAD where GET."""
    result = dict(headers)
    for name in [each for each in result if each.lower() == "allow"]:
        methods = {each.strip() for each in result.pop(name).split(",")} - {"OPTIONS", ""}
        methods |= {"HEAD"} if "GET" in methods else set()
        result["Allow"] = ", ".join(sorted(methods))
    return result
