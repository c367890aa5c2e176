"""Commands about products, their sources, their removals, and saved cohorts and dashboards."""

import re
import secrets
from datetime import datetime
from typing import Any, Literal, assert_never

import msgspec

from missioncontrol.analytics.calendar import zone_of
from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment, Step
from missioncontrol.application.analytics.alerts import WATCHER
from missioncontrol.application.analytics.personal_ids import refuse_addresses
from missioncontrol.application.analytics.products import (
    PRODUCTS,
    SAVED,
    STREAM,
    digest,
    new_key,
    saved_stream,
)
from missioncontrol.application.authority import NotPermitted
from missioncontrol.application.journal import Journal
from missioncontrol.domain.cohorts import (
    CohortSaved,
    DashboardSaved,
    Panel,
    RemoveCohort,
    RemoveDashboard,
    SaveCohort,
    SaveDashboard,
    SavedCommand,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.commands import (
    AddProduct,
    AddSource,
    BeginForgetting,
    ChangeExclusions,
    ChangeKeyMeasures,
    ChangeLimits,
    ChangeProduct,
    ChangeSource,
    ClearEvents,
    ConfirmForgotten,
    ProductCommand,
    RenewSourceKey,
    RevokeSource,
)
from missioncontrol.domain.product.decide import unknown
from missioncontrol.domain.product.events import Kind, Weekday
from missioncontrol.domain.product.states import NO_PRODUCTS, Products


class ProductAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to add or change a product; None leaves a value as it is."""

    verb: Literal["add", "change", "exclude", "measure", "limit"]
    product: str
    name: str | None = None
    zone: str | None = None
    week_starts: Weekday | None = None
    retention_days: int | None = None  # 0: for ever
    bots: bool | None = None  # with `exclude`: whether they are left out
    people: tuple[str, ...] | None = None
    properties: tuple[tuple[str, str], ...] | None = None
    activation: tuple[dict[str, Any], ...] | None = None  # with `measure`: as `Step`
    activated_at: int | None = None
    actions: tuple[str, ...] | None = None
    active: str | None = None
    events_per_second: int | None = None  # with `limit`: of each source
    events_max: int | None = None
    megabytes_max: int | None = None


class SourceAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to add, change, renew the key of, or revoke a source of events."""

    verb: Literal["add", "change", "renew", "revoke"]
    product: str
    source: str
    name: str | None = None
    kind: Kind = "server"
    is_internal: bool | None = None
    reason: str = ""


class RemovalAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to record the start or the end of a removal, without naming the person."""

    verb: Literal["forget", "forgotten", "clear"]
    product: str
    forgetting: str = ""  # its id; `forget` creates one where this is empty
    events: int = 0
    ids: int = 0
    reason: str = ""


class RemovalFinished(msgspec.Struct, frozen=True):
    """A request to record that a removal which was interrupted is done."""

    product: str
    forgetting: str
    events: int
    ids: int


class SavedAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to save or remove a cohort or a dashboard of a product."""

    verb: Literal["cohort", "remove_cohort", "dashboard", "remove_dashboard"]
    product: str
    id: str = ""  # derived from the name where it is empty
    name: str = ""
    note: str = ""
    segment: dict[str, Any] = {}
    question: dict[str, Any] = {}
    cell: dict[str, Any] = {}
    as_of: str = ""
    panels: tuple[Panel, ...] = ()


class ProductService:
    """Checks and records commands about products and their saved objects."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def product(self, request: ProductAsked, *, actor: str) -> dict[str, Any]:
        """Add a product or change it.

        Raises:
            Rejected, NotFound: see `domain.product.decide`; `analytics.bad_zone`,
                `saved.bad_input` where a step is malformed; `analytics.names_person`.
        """
        if request.zone is not None:
            zone_of(request.zone)
        for step in request.activation or ():
            _decode(step, Step, "activation")
        refuse_addresses("people", request.people or ())
        refuse_addresses("properties", request.properties or ())
        refuse_addresses("activation", request.activation or ())
        await self._execute(_product_command(request), actor)
        return {"product": request.product}

    async def source(self, request: SourceAsked, *, actor: str) -> dict[str, Any]:
        """Add, change or revoke a source; the answer has a new write key, which is shown once.

        Raises:
            Rejected, NotFound: see `domain.product.decide`.
        """
        refuse_addresses("reason", request.reason)
        key = new_key() if request.verb in ("add", "renew") else ""
        await self._execute(_source_command(request, digest(key)), actor)
        answer = {"product": request.product, "source": request.source}
        return {**answer, "key": key} if key else answer

    async def removal(self, request: RemovalAsked, *, actor: str) -> dict[str, Any]:
        """Record the start or the end of a removal.

        Raises:
            Rejected, NotFound: see `domain.product.decide`.
        """
        refuse_addresses("reason", request.reason)
        name = request.forgetting
        match request.verb:
            case "forget":
                name = _checked_removal_id(name) if name else new_removal_id()
                command: ProductCommand = BeginForgetting(request.product, name, request.reason)
            case "forgotten":
                command = ConfirmForgotten(request.product, name, request.events, request.ids)
            case "clear":
                command = ClearEvents(request.product, request.reason)
            case _:
                assert_never(request.verb)
        await self._execute(command, actor)
        return {"product": request.product, "forgetting": name}

    async def finished(self, request: RemovalFinished, *, actor: str) -> dict[str, Any]:
        """Record the end of a removal that its first process could not finish.

        Raises:
            NotFound: `product.no_forgetting`: it has not begun, or its end is recorded already.
            NotPermitted: `permission.undeclared`: the caller is a user, not the system.
        """
        if actor != WATCHER:
            raise NotPermitted(
                "permission.undeclared", "Only the system may record that a removal is finished."
            )
        done = RemovalAsked(
            "forgotten", request.product, request.forgetting, request.events, request.ids
        )
        return await self.removal(done, actor=actor)

    async def saved(self, request: SavedAsked, *, actor: str) -> dict[str, Any]:
        """Save or remove a cohort or a dashboard.

        Raises:
            Rejected, NotFound: see `domain.saved.decide`; `product.unknown`;
                `saved.bad_input` where a question or a segment is malformed;
                `analytics.names_person`.
        """
        await self.refuse_unknown(request.product)
        refuse_addresses("name or note", request.name, request.note)
        refuse_addresses("question", request.segment, request.question, request.cell)
        for panel in request.panels:
            refuse_addresses("panel", panel.title, panel.question)
        stream = saved_stream(request.product)
        await self._journal.find(SAVED, stream)
        command = _saved_command(request)
        self._journal.tell(SAVED, stream, command, actor=actor)
        return {"product": request.product, "id": request.id or _id_of(request.name)}

    async def _execute(self, command: ProductCommand, actor: str) -> None:
        await self._journal.find(PRODUCTS, STREAM)
        self._journal.tell(PRODUCTS, STREAM, command, actor=actor)

    async def refuse_unknown(self, product: str) -> None:
        """Refuse a product that does not exist.

        Raises:
            NotFound: `product.unknown`.
        """
        found: Products | None = await self._journal.find(PRODUCTS, STREAM)
        if product not in (found or NO_PRODUCTS).products:
            raise unknown(product)


def new_removal_id() -> str:
    """Return a random id for the removal of a person."""
    return f"forgetting-{secrets.token_hex(6)}"


def _checked_removal_id(name: str) -> str:
    """Return a removal id of the caller, refused in any form that could name a person."""
    if not re.fullmatch(r"forgetting-[0-9a-f]{12}", name):
        raise Rejected("product.bad_input", f"{name[:80]!r} is not the id of a removal.")
    return name


def _product_command(request: ProductAsked) -> ProductCommand:
    match request.verb:
        case "add":
            name = request.product if request.name is None else request.name
            return AddProduct(
                request.product, name, request.zone or "UTC", request.week_starts or "monday"
            )
        case "change":
            calendar = (request.zone, request.week_starts, request.retention_days)
            return ChangeProduct(request.product, request.name, *calendar)
        case "exclude":
            return ChangeExclusions(
                request.product, request.bots, request.people, request.properties
            )
        case "measure":
            steps = (request.activation, request.activated_at)
            return ChangeKeyMeasures(request.product, *steps, request.actions, request.active)
        case "limit":
            values = (request.events_per_second, request.events_max, request.megabytes_max)
            return ChangeLimits(request.product, *values)
        case _:
            assert_never(request.verb)


def _source_command(request: SourceAsked, key_digest: str) -> ProductCommand:
    match request.verb:
        case "add":
            name = request.source if request.name is None else request.name
            source = (request.product, request.source, name, request.kind, key_digest)
            return AddSource(*source, is_internal=bool(request.is_internal))
        case "change":
            return ChangeSource(request.product, request.source, request.name, request.is_internal)
        case "renew":
            return RenewSourceKey(request.product, request.source, key_digest)
        case "revoke":
            return RevokeSource(request.product, request.source, request.reason)
        case _:
            assert_never(request.verb)


def _saved_command(request: SavedAsked) -> SavedCommand:
    name = request.id or _id_of(request.name)
    match request.verb:
        case "cohort":
            return SaveCohort(_cohort(request, name))
        case "remove_cohort":
            return RemoveCohort(request.product, request.id)
        case "dashboard":
            for panel in request.panels:
                _decode(panel.question, AnyQuestion, "question")
            return SaveDashboard(
                DashboardSaved(request.product, name, request.name, request.panels)
            )
        case "remove_dashboard":
            return RemoveDashboard(request.product, request.id)
        case _:
            assert_never(request.verb)


def _cohort(request: SavedAsked, name: str) -> CohortSaved:
    segments = []
    if request.segment:
        segments.append(_decode(request.segment, Segment, "segment"))
    if request.question:
        segments.append(_decode(request.question, AnyQuestion, "question").segment)
        _decode(request.cell, Cell, "cell")
        _refuse_bad_moment(request.as_of)
    if any(each.cohorts for each in segments):
        raise Rejected(
            "saved.bad_input",
            "A cohort can't be made of other cohorts.",
            hint="Use the conditions of the other cohort instead.",
        )
    values = (request.segment, request.question, request.cell, request.as_of)
    return CohortSaved(request.product, name, request.name, request.note, *values)


def _refuse_bad_moment(text: str) -> None:
    """Refuse an `as_of` that is not a timestamp with an offset."""
    try:
        has_offset = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        has_offset = False
    if not has_offset:
        raise Rejected(
            "saved.bad_input",
            f"The as_of {text[:60]!r} is not a timestamp with an offset.",
            hint="Use the `as_of` of the answer, such as 2026-11-23T07:00:00Z.",
        )


def _decode(value: dict[str, Any], kind: Any, field: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Rejected("saved.bad_input", f"The {field} is malformed: {error}.") from None


def _id_of(name: str) -> str:
    """Return an id derived from a name: `Team plans, EU` becomes `team-plans-eu`."""
    made = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-")
    return made or "saved"
