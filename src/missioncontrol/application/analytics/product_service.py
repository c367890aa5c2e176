"""Commands about products, their sources, their removals, and saved cohorts and dashboards."""

import secrets
from datetime import datetime
from typing import Any

import msgspec

from missioncontrol.analytics.calendar import zone_of
from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment
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
from missioncontrol.domain.cohorts import SaveCohort, SaveDashboard, SavedCommand
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.commands import (
    AddProduct,
    AddSource,
    ChangeSource,
    FinishRemoval,
    ProductCommand,
    RemovalCommand,
    RenewSourceKey,
    RevokeSource,
    SettingCommand,
)
from missioncontrol.domain.product.decide import unknown
from missioncontrol.domain.product.states import NO_PRODUCTS, Products


class ProductNow(msgspec.Struct, frozen=True):
    """The product that was changed."""

    product: str


class SourceNow(msgspec.Struct, frozen=True):
    """The source that was changed."""

    product: str
    source: str


class SourceMade(msgspec.Struct, frozen=True):
    """A source with a new write key. The key is shown this once."""

    product: str
    source: str
    key: str | None  # of Segment's libraries, and of PostHog's as API key; None where repeated


class RemovalNow(msgspec.Struct, frozen=True):
    """A removal that is recorded."""

    product: str
    forgetting: str = ""  # its id


class SavedNow(msgspec.Struct, frozen=True):
    """The cohort or dashboard of a product that was saved or removed."""

    product: str
    id: str


class ProductService:
    """Checks and records commands about products and their saved objects."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def change(self, command: AddProduct | SettingCommand, *, actor: str) -> ProductNow:
        """Add a product or change it.

        Raises:
            Rejected, NotFound: see `domain.product.decide`; `analytics.bad_zone`,
                `analytics.names_person`.
        """
        fields: dict[str, Any] = msgspec.to_builtins(command)
        if zone := fields.get("zone"):
            zone_of(zone)
        for name in ("people", "properties", "activation"):
            refuse_addresses(name, fields.get(name) or ())
        if steps := fields.get("activation"):
            command = msgspec.structs.replace(command, activation=tuple(steps))
        await self._execute(command, actor)
        return ProductNow(command.slug if isinstance(command, AddProduct) else command.product)

    async def new_key(self, command: AddSource | RenewSourceKey, *, actor: str) -> SourceMade:
        """Add a source, or replace its key; return the key, which is shown once.

        Raises:
            Rejected, NotFound: see `domain.product.decide`.
        """
        key = new_key()
        await self._execute(msgspec.structs.replace(command, digest=digest(key)), actor)
        source = command.id if isinstance(command, AddSource) else command.source
        return SourceMade(command.product, source, key)

    async def source(self, command: ChangeSource | RevokeSource, *, actor: str) -> SourceNow:
        """Change or revoke a source.

        Raises:
            Rejected, NotFound: see `domain.product.decide`; `analytics.names_person`.
        """
        if isinstance(command, RevokeSource):
            refuse_addresses("reason", command.reason)
        await self._execute(command, actor)
        return SourceNow(command.product, command.source)

    async def removal(self, command: RemovalCommand, *, actor: str) -> RemovalNow:
        """Record the start or the end of a removal, without naming the person.

        Raises:
            Rejected, NotFound: see `domain.product.decide`.
        """
        fields: dict[str, Any] = msgspec.structs.asdict(command)
        refuse_addresses("reason", fields.get("reason", ""))
        await self._execute(command, actor)
        return RemovalNow(command.product, fields.get("forgetting", ""))

    async def finish(self, command: FinishRemoval, *, actor: str) -> RemovalNow:
        """Record the end of a removal that its first process could not finish.

        Raises:
            NotFound: `product.no_forgetting`: it has not begun, or its end is recorded already.
            NotPermitted: `permission.undeclared`: the caller is a user, not the system.
        """
        if actor != WATCHER:
            raise NotPermitted(
                "permission.undeclared", "Only the system may record that a removal is finished."
            )
        return await self.removal(command, actor=actor)

    async def save(self, command: SavedCommand, *, actor: str) -> SavedNow:
        """Save or remove a cohort or a dashboard.

        Raises:
            Rejected, NotFound: see `domain.cohorts.decide`; `product.unknown`;
                `saved.bad_input` where a question or a segment is malformed;
                `analytics.names_person`.
        """
        await self.refuse_unknown(command.product)
        refuse_addresses("name, note or question", msgspec.to_builtins(command))
        if isinstance(command, SaveCohort):
            command = _checked_cohort(command)
        elif isinstance(command, SaveDashboard):
            for panel in command.panels:
                _decode(panel.question, AnyQuestion, "question")
        stream = saved_stream(command.product)
        await self._journal.find(SAVED, stream)
        self._journal.tell(SAVED, stream, command, actor=actor)
        fields = msgspec.structs.asdict(command)
        return SavedNow(command.product, fields.get("cohort") or fields["dashboard"])

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


def _checked_cohort(command: SaveCohort) -> SaveCohort:
    """Return a cohort as it is stored, in plain values.

    Raises:
        Rejected: `saved.bad_input`.
    """
    names = ("segment", "question", "cell")
    fields = {name: msgspec.to_builtins(getattr(command, name)) for name in names}
    plain = msgspec.structs.replace(command, **fields)
    segments = []
    if plain.segment:
        segments.append(_decode(plain.segment, Segment, "segment"))
    if plain.question:
        segments.append(_decode(plain.question, AnyQuestion, "question").segment)
        _decode(plain.cell or {}, Cell, "cell")
        _refuse_bad_moment(plain.as_of)
    if any(each.cohorts for each in segments):
        raise Rejected(
            "saved.bad_input",
            "A cohort can't be made of other cohorts.",
            hint="Use the conditions of the other cohort instead.",
        )
    return plain


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
