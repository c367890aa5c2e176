"""The executive summary of a product, and its alerts from open to resolved."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from missioncontrol.analytics.questions import EVERYBODY, Range, Segment
from missioncontrol.analytics.summary import Summary
from missioncontrol.application.analytics.alerts import AlertAsked, AlertReader, goal_of
from missioncontrol.application.analytics.digests import name_of, workflow_of
from missioncontrol.application.asks import SaveWorkflow
from missioncontrol.domain.alert import NOTE_MAX, Alert
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.analytics import Compared, SegmentText, Since, Until, segment_in
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import MissionAsked, beginning
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.operations import run
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]


class AlertNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's note about an alert."""

    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX)] = ""


class AlertMission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a mission is to see to an alert; its goal is made of the alert."""

    repository: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]  # absolute path
    builder: Annotated[str, msgspec.Meta(max_length=300)] = ""
    execute: bool = True


class StartedDigest(msgspec.Struct, frozen=True):
    """The run that writes a summary down."""

    product: str
    run: str


class AlertMissionStarted(msgspec.Struct, frozen=True):
    """The mission that sees to an alert."""

    mission: str
    run: str


@get("/products/{product:str}/summary", summary="Get the executive summary", **needs("read"))
async def get_summary(
    console: NamedDependency[Console],
    product: FromPath[str],
    since: Since,
    until: Until,
    compared: Compared = True,
    segment: SegmentText = "",
) -> Summary:
    """Return what changed, why it matters, what to do and what to ask, on days that are over.

    Every number names the question that yields it, or from which it is worked out. It is made of
    the figures by rule; where a model has written of these very facts, in its words (`written_by`).
    """
    inspector = await console.analytics.inspector()
    days = Range(since, until)
    return await inspector.summary(product, days, segment_in(segment), compared=compared)


@post(
    "/products/{product:str}/summary/writing",
    summary="Write the summary",
    **needs("operate"),
)
async def write_summary(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    since: Since,
    until: Until,
    segment: SegmentText = "",
) -> StartedDigest:
    """Begin a run that writes the summary down, by the model where one is configured.

    Until the model's text is there, and wherever it fails its check, rules write the summary.
    """
    return await begin_digest(request, console, product, Range(since, until), segment_in(segment))


async def begin_digest(
    request: AnyRequest, console: Console, product: str, days: Range, segment: Segment
) -> StartedDigest:
    """Begin a run that writes the summary of a product down.

    Raises:
        NotFound: `product.unknown`.
    """
    known = (await console.analytics.products.find(product)).slug
    name = name_of(known)
    await console.ask_afresh(request, SaveWorkflow(workflow_of(known), f"{name}.yaml"))
    inputs = {"since": days.since.isoformat(), "until": days.until.isoformat()}
    if segment != EVERYBODY:
        inputs["segment"] = msgspec.json.encode(segment).decode()
    answer = await console.run(request, run.START, workflow=name, inputs=inputs)
    return StartedDigest(known, answer.run)


@post(
    "/products/{product:str}/alerts/{alert:str}/acknowledge",
    status_code=200,
    summary="Acknowledge an alert",
    **needs("operate"),
)
async def acknowledge_alert(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    alert: FromPath[str],
    data: JSONBody[AlertNote],
) -> Alert:
    """Acknowledge the alert: a person works on it."""
    await console.ask(request, AlertAsked("acknowledge", product, alert, data.note))
    return await AlertReader(console.present.find).find(product, alert)


@post(
    "/products/{product:str}/alerts/{alert:str}/resolve",
    status_code=200,
    summary="Resolve an alert",
    **needs("operate"),
)
async def resolve_alert(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    alert: FromPath[str],
    data: JSONBody[AlertNote],
) -> Alert:
    """Resolve the alert; it opens again only if its severity rises."""
    await console.ask(request, AlertAsked("resolve", product, alert, data.note))
    return await AlertReader(console.present.find).find(product, alert)


@post(
    "/products/{product:str}/alerts/{alert:str}/mission",
    summary="Begin a mission from an alert",
    **needs("operate"),
)
async def begin_alert_mission(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    alert: FromPath[str],
    data: JSONBody[AlertMission],
) -> AlertMissionStarted:
    """Start a mission that finds and fixes the cause; the alert names the mission."""
    return await begin(request, console, product, alert, data)


async def begin(
    request: AnyRequest, console: Console, product: str, alert: str, data: AlertMission
) -> AlertMissionStarted:
    """Begin a mission that sees to an alert.

    Raises:
        NotFound: `product.unknown`, `alert.unknown`.
        Rejected: as `beginning`.
    """
    known = await console.analytics.products.find(product)
    found = await AlertReader(console.present.find).find(product, alert)
    asked = MissionAsked(
        goal=goal_of(found, known.name),
        repository=data.repository,
        builder=data.builder,
        execute=data.execute,
    )
    answer = await console.ask(request, beginning(asked, console.home))
    begun = msgspec.convert(answer, AlertMissionStarted)
    command = AlertAsked("mission", product, alert, mission=begun.mission, run=begun.run)
    await console.ask_afresh(request, command)
    return begun


HANDLERS: list[Any] = [
    get_summary,
    write_summary,
    *handlers_of("alert"),
    acknowledge_alert,
    resolve_alert,
    begin_alert_mission,
]
