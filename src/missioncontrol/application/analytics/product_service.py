"""The way in for people who say what is measured: products, sources, what counts, what is kept."""

import re
import secrets
from datetime import datetime
from typing import Any, Literal, assert_never

import msgspec

from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment, Step
from missioncontrol.analytics.setting import zone_of
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
from missioncontrol.domain.saved import (
    CohortSaved,
    DashboardSaved,
    Panel,
    RemoveCohort,
    RemoveDashboard,
    SaveCohort,
    SaveDashboard,
    SavedCommand,
)


class ProductAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wants of a product; None leaves a value as it is."""

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
    """What somebody wants of a source of events."""

    verb: Literal["add", "change", "renew", "revoke"]
    product: str
    source: str
    name: str | None = None
    kind: Kind = "server"
    is_internal: bool | None = None
    reason: str = ""


class RemovalAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """That a person, or all events, are about to be removed or have been; nobody is named."""

    verb: Literal["forget", "forgotten", "clear"]
    product: str
    forgetting: str = ""  # its id; `forget` makes one where none is given
    events: int = 0
    ids: int = 0
    reason: str = ""


class RemovalFinished(msgspec.Struct, frozen=True):
    """That a removal which had broken off is done now."""

    product: str
    forgetting: str
    events: int
    ids: int


class SavedAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wants kept of a product's measures, or kept no longer."""

    verb: Literal["cohort", "remove_cohort", "dashboard", "remove_dashboard"]
    product: str
    id: str = ""  # a new one is made of the name where it is empty
    name: str = ""
    note: str = ""
    segment: dict[str, Any] = {}
    question: dict[str, Any] = {}
    cell: dict[str, Any] = {}
    as_of: str = ""
    panels: tuple[Panel, ...] = ()


class ProductService:
    """Decides about products, and what is saved of them."""

    def __init__(self, journal: Journal) -> None:
        """What is known is read from the log when something is asked for."""
        self._journal = journal

    async def product(self, ask: ProductAsked, *, actor: str) -> dict[str, Any]:
        """Add a product or change it.

        Raises:
            Rejected, NotFound: see `domain.product.decide`; `analytics.bad_zone`,
                `product.bad_input` where a step is none; `analytics.names_person`.
        """
        if ask.zone is not None:
            zone_of(ask.zone)
        for step in ask.activation or ():
            _understood(step, Step, "activation")
        refuse_addresses("people", ask.people or ())
        refuse_addresses("properties", ask.properties or ())
        refuse_addresses("activation", ask.activation or ())
        await self._tell(_of_product(ask), actor)
        return {"product": ask.product}

    async def source(self, ask: SourceAsked, *, actor: str) -> dict[str, Any]:
        """Add a source, whose write key is told this once, change it, or revoke it.

        Raises:
            Rejected, NotFound: see `domain.product.decide`.
        """
        refuse_addresses("reason", ask.reason)
        key = new_key() if ask.verb in ("add", "renew") else ""
        await self._tell(_of_source(ask, digest(key)), actor)
        told = {"product": ask.product, "source": ask.source}
        return {**told, "key": key} if key else told

    async def removal(self, ask: RemovalAsked, *, actor: str) -> dict[str, Any]:
        """Write down that somebody or something is removed.

        Raises:
            Rejected, NotFound: see `domain.product.decide`.
        """
        refuse_addresses("reason", ask.reason)
        name = ask.forgetting
        match ask.verb:
            case "forget":
                name = _refuse_bad_forgetting(name) if name else new_forgetting()
                command: ProductCommand = BeginForgetting(ask.product, name, ask.reason)
            case "forgotten":
                command = ConfirmForgotten(ask.product, name, ask.events, ask.ids)
            case "clear":
                command = ClearEvents(ask.product, ask.reason)
            case _:
                assert_never(ask.verb)
        await self._tell(command, actor)
        return {"product": ask.product, "forgetting": name}

    async def finished(self, ask: RemovalFinished, *, actor: str) -> dict[str, Any]:
        """Write down that a removal is done which whoever began it could not finish.

        Raises:
            NotFound: `product.no_forgetting`: it was not begun, or the log says it already.
            NotPermitted: `permission.undeclared`: nobody who signs in says so.
        """
        if actor != WATCHER:
            raise NotPermitted(
                "permission.undeclared", "Nobody who signs in may say that a removal is finished."
            )
        done = RemovalAsked("forgotten", ask.product, ask.forgetting, ask.events, ask.ids)
        return await self.removal(done, actor=actor)

    async def saved(self, ask: SavedAsked, *, actor: str) -> dict[str, Any]:
        """Keep a cohort or a dashboard, or let it go.

        Raises:
            Rejected, NotFound: see `domain.saved.decide`; `product.unknown`;
                `saved.bad_input` where a question or a segment is none; `analytics.names_person`.
        """
        await self.refuse_unknown(ask.product)
        refuse_addresses("name or note", ask.name, ask.note)
        refuse_addresses("question", ask.segment, ask.question, ask.cell)
        for panel in ask.panels:
            refuse_addresses("panel", panel.title, panel.question)
        stream = saved_stream(ask.product)
        await self._journal.find(SAVED, stream)
        command = _of_saved(ask)
        self._journal.tell(SAVED, stream, command, actor=actor)
        return {"product": ask.product, "id": ask.id or _id_of(ask.name)}

    async def _tell(self, command: ProductCommand, actor: str) -> None:
        await self._journal.find(PRODUCTS, STREAM)
        self._journal.tell(PRODUCTS, STREAM, command, actor=actor)

    async def refuse_unknown(self, product: str) -> None:
        """Refuse a product that there is not.

        Raises:
            NotFound: `product.unknown`.
        """
        found: Products | None = await self._journal.find(PRODUCTS, STREAM)
        if product not in (found or NO_PRODUCTS).products:
            raise unknown(product)


def new_forgetting() -> str:
    """Return an id for a removal of a person."""
    return f"forgetting-{secrets.token_hex(6)}"


def _refuse_bad_forgetting(name: str) -> str:
    """Return the id of a removal that somebody chose, if it says nothing about anybody."""
    if not re.fullmatch(r"forgetting-[0-9a-f]{12}", name):
        raise Rejected("product.bad_input", f"{name[:80]!r} can't be the id of a removal.")
    return name


def _of_product(ask: ProductAsked) -> ProductCommand:
    match ask.verb:
        case "add":
            name = ask.product if ask.name is None else ask.name
            return AddProduct(ask.product, name, ask.zone or "UTC", ask.week_starts or "monday")
        case "change":
            calendar = (ask.zone, ask.week_starts, ask.retention_days)
            return ChangeProduct(ask.product, ask.name, *calendar)
        case "exclude":
            return ChangeExclusions(ask.product, ask.bots, ask.people, ask.properties)
        case "measure":
            steps = (ask.activation, ask.activated_at)
            return ChangeKeyMeasures(ask.product, *steps, ask.actions, ask.active)
        case "limit":
            said = (ask.events_per_second, ask.events_max, ask.megabytes_max)
            return ChangeLimits(ask.product, *said)
        case _:
            assert_never(ask.verb)


def _of_source(ask: SourceAsked, kept: str) -> ProductCommand:
    match ask.verb:
        case "add":
            name = ask.source if ask.name is None else ask.name
            about = (ask.product, ask.source, name, ask.kind, kept)
            return AddSource(*about, is_internal=bool(ask.is_internal))
        case "change":
            return ChangeSource(ask.product, ask.source, ask.name, ask.is_internal)
        case "renew":
            return RenewSourceKey(ask.product, ask.source, kept)
        case "revoke":
            return RevokeSource(ask.product, ask.source, ask.reason)
        case _:
            assert_never(ask.verb)


def _of_saved(ask: SavedAsked) -> SavedCommand:
    name = ask.id or _id_of(ask.name)
    match ask.verb:
        case "cohort":
            return SaveCohort(_cohort(ask, name))
        case "remove_cohort":
            return RemoveCohort(ask.product, ask.id)
        case "dashboard":
            for panel in ask.panels:
                _understood(panel.question, AnyQuestion, "question")
            return SaveDashboard(DashboardSaved(ask.product, name, ask.name, ask.panels))
        case "remove_dashboard":
            return RemoveDashboard(ask.product, ask.id)
        case _:
            assert_never(ask.verb)


def _cohort(ask: SavedAsked, name: str) -> CohortSaved:
    segments = []
    if ask.segment:
        segments.append(_understood(ask.segment, Segment, "segment"))
    if ask.question:
        segments.append(_understood(ask.question, AnyQuestion, "question").segment)
        _understood(ask.cell, Cell, "cell")
        _refuse_bad_moment(ask.as_of)
    if any(each.cohorts for each in segments):
        raise Rejected(
            "saved.bad_input",
            "A cohort can't be made of other cohorts.",
            hint="Take up the conditions of the other one in its place.",
        )
    said = (ask.segment, ask.question, ask.cell, ask.as_of)
    return CohortSaved(ask.product, name, ask.name, ask.note, *said)


def _refuse_bad_moment(text: str) -> None:
    """Refuse what is no moment with its offset: of a cohort that stays who it was."""
    try:
        is_one = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        is_one = False
    if not is_one:
        raise Rejected(
            "saved.bad_input",
            f"The as_of does not fit: {text[:60]!r} is no moment.",
            hint="Take the `as_of` of the answer, such as 2026-11-23T07:00:00Z.",
        )


def _understood(value: dict[str, Any], kind: Any, field: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Rejected("saved.bad_input", f"The {field} can't be understood: {error}.") from None


def _id_of(name: str) -> str:
    """Return an id made of a name: `Team plans, EU` becomes `team-plans-eu`."""
    made = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-")
    return made or "saved"
