"""Conditional requests: a tag for each state of a resource, and refusals of what is out of date."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from zlib import crc32

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from missioncontrol.domain.errors import Conflict
from missioncontrol.surfaces.problem import Problem

TAG_MAX = 300
HEADER_MAX = 10 * TAG_MAX

IfMatch = Annotated[
    str,
    HeaderParameter(
        name="if-match",
        max_length=HEADER_MAX,
        description="The `ETag` that the resource was read with; refused where it has changed.",
    ),
]

CHANGED = {412: ResponseSpec(Problem, description="It is not as `If-Match` says any more.")}

KNOWN = {304: ResponseSpec(None, description="It is as `If-None-Match` says.")}

FRESH = "private, no-cache"
"""Keep it, and ask each time whether it is still so."""

T = TypeVar("T")


class Stale(Conflict):
    """What was to be changed is not what the client saw any more."""

    status = 412


def tag_of(*parts: Any) -> str:
    """Return the weak tag of a state; equal parts have equal tags."""
    found = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
    return f'W/"{found}"'


def is_known(request: Request[Any, Any, Any], tag: str) -> bool:
    """Whether the caller has the state of that tag already."""
    known = _tags(request.headers.get("if-none-match", ""))
    return "*" in known or _plain(tag) in known


def tagged(request: Request[Any, Any, Any], value: T, tag: str) -> Response[T]:
    """Return a resource with its tag, or 304 without it where the caller has it already."""
    return tagged_late(request, tag, lambda: value)


def listed(request: Request[Any, Any, Any], value: T) -> Response[T]:
    """Return a list, or a page of one, with the tag of what it says; else as `tagged`."""
    return tagged(request, value, tag_of(value))


def tagged_late(request: Request[Any, Any, Any], tag: str, value: Callable[[], T]) -> Response[T]:
    """Return what `tagged` returns; `value` is made only where it is not known."""
    headers = {"ETag": tag, "Cache-Control": FRESH}
    if is_known(request, tag):
        return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]
    return Response(value(), headers=headers)


def refuse_stale(if_match: str, tag: str, what: str) -> None:
    """Refuse a change of something that is no longer as the caller has seen it.

    Raises:
        Stale: `request.stale`.
    """
    named = _tags(if_match)
    if if_match and "*" not in named and _plain(tag) not in named:
        raise Stale(
            "request.stale",
            f"{what} is not as your If-Match says any more.",
            hint="Read it again, and decide on what it is now.",
        )


def _tags(header: str) -> frozenset[str]:
    """Return the tags of a header, weak or strong: what is compared are states, and no bytes."""
    return frozenset(_plain(each) for each in header[:HEADER_MAX].split(",") if each.strip())


def _plain(tag: str) -> str:
    return tag.strip().removeprefix("W/").strip('"')


def digest_of(value: object) -> str:
    """Return a few letters that change with a value, for a tag."""
    return f"{crc32(msgspec.json.encode(value)):08x}"
