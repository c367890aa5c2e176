"""Questions about the use of products, their answers and the people behind each count."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.analytics.answers import AnyAnswer, Members
from missioncontrol.analytics.definition import NAMES, Definition, definition, definitions
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import EVERYBODY, AnyQuestion, Cell, Range, Segment
from missioncontrol.analytics.tables import csv_of, people, table
from missioncontrol.application.analytics.views import kpis
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.paging import LIMIT, Limit

AsOf = Annotated[
    str,
    QueryParameter(
        max_length=40,
        description="Ignore what happened after this moment: `as_of` of an answer, or "
        "another moment such as 2026-11-23T07:00:00Z; by default now.",
    ),
]
Since = Annotated[date, QueryParameter(description="The first day, in the product's zone.")]
Until = Annotated[date, QueryParameter(description="The last day.")]
Compared = Annotated[bool, QueryParameter(description="With as many days just before.")]
SegmentText = Annotated[
    str,
    QueryParameter(
        name="segment",
        max_length=4_000,
        description="Whose events count, as the JSON of a question's `segment`; empty: all.",
    ),
]
Place = Annotated[
    str, QueryParameter(max_length=20, description="`cursor` of the page before; empty at first.")
]
FILE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
CSV = {200: ResponseSpec(bytes, media_type="text/csv", description="The table.")}


class MembersAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One count of an answer."""

    question: AnyQuestion
    cell: Cell


@get("/analytics/definitions", summary="List definitions", **needs("read"))
async def list_definitions() -> list[Definition]:
    """Return what each measure means: windows, denominators, edges, and the wording of figures."""
    return list(definitions())


@get("/analytics/definitions/{name:str}", summary="Get a definition", **needs("read"))
async def get_definition(name: FromPath[str]) -> Definition:
    """Return what one measure means; answers name its version."""
    if name not in NAMES:
        raise NotFound("definition.unknown", f"There is no definition {name[:80]!r}.")
    return definition(name)


@post("/analytics/answers", status_code=200, summary="Ask a question", **needs("read"))
async def answer_question(
    console: NamedDependency[Console], data: JSONBody[AnyQuestion], as_of: AsOf = ""
) -> AnyAnswer:
    """Return the answer to a question; `measure` says of which kind it is."""
    analyst = await console.analytics.analyst()
    return await analyst.answer(data, as_of=_moment(as_of))


@post(
    "/analytics/answers/csv",
    status_code=200,
    summary="Ask a question, for a spreadsheet",
    responses=CSV,
    **needs("read"),
)
async def answer_as_csv(
    console: NamedDependency[Console], data: JSONBody[AnyQuestion], as_of: AsOf = ""
) -> Response[bytes]:
    """Return all figures of an answer as one table."""
    analyst = await console.analytics.analyst()
    found = await analyst.answer(data, as_of=_moment(as_of))
    return _file(csv_of(table(found)), f"{data.product}-{found.question}")


@post("/analytics/members", status_code=200, summary="List who is behind a count", **needs("read"))
async def list_members(
    console: NamedDependency[Console],
    data: JSONBody[MembersAsked],
    as_of: AsOf = "",
    cursor: Place = "",
    limit: Limit = LIMIT,
) -> Members:
    """Return a page of the people behind one count of an answer, the latest first.

    With the `as_of` of the answer there are as many as the count says.
    """
    analyst = await console.analytics.analyst()
    return await analyst.members(
        data.question, data.cell, limit=limit, cursor=cursor, as_of=_moment(as_of)
    )


@post(
    "/analytics/members/csv",
    status_code=200,
    summary="List who is behind a count, for a spreadsheet",
    responses=CSV,
    **needs("read"),
)
async def members_as_csv(
    console: NamedDependency[Console], data: JSONBody[MembersAsked], as_of: AsOf = ""
) -> Response[bytes]:
    """Return the people behind one count of an answer as one table: at most 10,000."""
    analyst = await console.analytics.analyst()
    found = await analyst.members(data.question, data.cell, limit=10_000, as_of=_moment(as_of))
    return _file(csv_of(people(found)), f"{data.question.product}-people")


@get("/products/{product:str}/kpis", summary="Get the key figures of a product", **needs("read"))
async def get_kpis(
    console: NamedDependency[Console],
    product: FromPath[str],
    since: Since,
    until: Until,
    compared: Compared = True,
    segment: SegmentText = "",
) -> list[Kpi]:
    """Return activated users, activation rate, DAU and WAU with the question each comes from."""
    analyst = await console.analytics.analyst()
    days = Range(since, until)
    return await kpis(analyst, product, days, segment_in(segment), compared=compared)


@get("/products/{product:str}/anomalies", summary="List what changed", **needs("read"))
async def list_anomalies(
    console: NamedDependency[Console], product: FromPath[str], segment: SegmentText = ""
) -> list[Finding]:
    """Return what changed in a product by more than chance, the most severe first.

    Every number names the question that yields it, and where in the answer it stands.
    """
    inspector = await console.analytics.inspector()
    return list((await inspector.found(product, segment_in(segment))).findings)


def segment_in(text: str) -> Segment:
    """Return the segment that a part of an address names.

    Raises:
        Rejected: `analytics.bad_segment`.
    """
    if not text:
        return EVERYBODY
    try:
        return msgspec.json.decode(text, type=Segment)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Rejected("analytics.bad_segment", f"`segment` is none: {error}.") from None


def _moment(text: str) -> datetime | None:
    """Return a moment; None where the text is empty.

    Raises:
        Rejected: `analytics.bad_moment`.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Rejected(
            "analytics.bad_moment",
            f"{text[:40]!a} is no moment.",
            hint="Write it as 2026-11-23T07:00:00Z.",
        ) from None


def _file(text: str, name: str) -> Response[bytes]:
    headers = {**FILE, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.encode(), headers=headers, media_type="text/csv")


HANDLERS: list[Any] = [
    list_definitions,
    get_definition,
    answer_question,
    answer_as_csv,
    list_members,
    members_as_csv,
    get_kpis,
    list_anomalies,
]
