"""Retention as a resource of the API: what is stored, how large it is, and its bounds."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from missioncontrol.application.queries.storage import RetentionView, retention_of
from missioncontrol.application.retention import OutputBound
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.retention import BYTES_MIN
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs


class NewBound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the agents' output is stored."""

    bytes: Annotated[int, msgspec.Meta(ge=BYTES_MIN, le=2**53)] | None  # of text; null: all of it
    reason: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


@get("/retention", summary="What is stored", **needs("read"))
async def get_retention(console: NamedDependency[Console]) -> RetentionView:
    """Return the parts of this home with their sizes and bounds, and what was removed so far."""
    return await retention_of(console.present, console.home)


@put("/retention", summary="Bound the output", **needs("govern"))
async def bound_output(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    data: JSONBody[NewBound],
) -> RetentionView:
    """Keep so many bytes of what agents say; beyond it the oldest of runs that ended is removed.

    The record, which tells what every step did and gave, is never shortened.
    """
    await console.ask(request, OutputBound(data.bytes, data.reason))
    return await retention_of(console.present, console.home)


HANDLERS: list[Any] = [get_retention, bound_output]
