"""Products as resources of the API: what is declared, exports of events, and removals."""

from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from missioncontrol.application.analytics import removal
from missioncontrol.application.analytics.removal import Removed
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.product.commands import REASON_MAX
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.operations.product import record
from missioncontrol.ports.event_files import FileKind
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]
Reason = Annotated[str, msgspec.Meta(max_length=REASON_MAX)]
SECRET = {"cache-control": "no-store"}
FILES: dict[FileKind, str] = {
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}


class PersonNamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person to remove, by any id of theirs."""

    person: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    reason: Reason = ""  # for the record; it must not name a person


class WhyCleared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the record."""

    reason: Reason = ""


@get(
    "/products/{product:str}/events",
    summary="Export the events of a product",
    responses={200: ResponseSpec(bytes, media_type="application/jsonl", description="The file.")},
    **needs("audit"),
)
async def export_events(
    console: NamedDependency[Console],
    product: FromPath[str],
    form: Annotated[
        FileKind, QueryParameter(name="format", description="JSON Lines, CSV or Parquet.")
    ] = "jsonl",
) -> Stream:
    """Return all events of a product in the order received, also those that count nowhere."""
    pieces = await console.analytics.exported(product, form)
    headers = {**SECRET, "Content-Disposition": f'attachment; filename="{product}.{form}"'}
    return Stream(pieces, media_type=FILES[form], headers=headers)


@post(
    "/products/{product:str}/forget",
    status_code=200,
    summary="Remove a person",
    **needs("govern"),
)
async def forget_person(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[PersonNamed],
) -> Removed:
    """Remove a person everywhere, by any id of theirs; these ids are not accepted again.

    The log states that a person was removed, when and by whom, and never who it was.
    """
    analyst = await console.analytics.analyst()
    return await removal.forget(
        analyst,
        product,
        data.person,
        lambda command: record(partial(console.run_afresh, request), command),
        reason=data.reason,
    )


@post(
    "/products/{product:str}/clear",
    status_code=200,
    summary="Remove all events of a product",
    **needs("govern"),
)
async def clear_events(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[WhyCleared],
) -> Removed:
    """Clear a product: delete its events and people. Its settings and sources stay."""
    analyst = await console.analytics.analyst()
    return await removal.clear(
        analyst,
        product,
        lambda command: record(partial(console.run_afresh, request), command),
        reason=data.reason,
    )


HANDLERS: list[Any] = [*handlers_of("product"), export_events, forget_person, clear_events]
