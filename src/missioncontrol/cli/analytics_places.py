"""Where `mission analytics` asks: the warehouse of a home on this machine, or a server."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.analytics.answers import AnyAnswer, Member, Members
from missioncontrol.analytics.calendar import zone_of
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.questions import EVERYBODY, AnyQuestion, Cell, Range, Segment
from missioncontrol.analytics.summary import Summary
from missioncontrol.app.analytics import analytics
from missioncontrol.application.analytics import removal
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.application.analytics.container import AnalyticsContainer
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.analytics.removal import Removed
from missioncontrol.application.journal import fold
from missioncontrol.cli.desk import Desk
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.product.commands import RemovalCommand
from missioncontrol.domain.product.states import Product
from missioncontrol.operations.product import AnyOperation, record
from missioncontrol.ports.event_store import EventStore

T = TypeVar("T")
PEOPLE_MAX = 10_000


class Asked(Protocol):
    """Who answers questions."""

    def answer(self, question: AnyQuestion) -> AnyAnswer: ...
    def members(self, question: AnyQuestion, cell: Cell) -> Members: ...
    def findings(self, product: str, segment: Segment) -> Sequence[Finding]: ...
    def summary(self, product: str, range_: Range, segment: Segment) -> Summary: ...
    def forget(self, product: str, person: str, reason: str) -> Removed: ...
    def clear(self, product: str, reason: str) -> Removed: ...


class Here:
    """A home on this machine: its warehouse, or the process that owns it."""

    def __init__(self, home: Home, store: EventStore, arguments: argparse.Namespace) -> None:
        """`store` is the log; its opener closes it."""
        self._home = home
        self._store = store
        self._arguments = arguments

    def answer(self, question: AnyQuestion) -> AnyAnswer:
        """See `Analyst.answer`."""
        return self.ask(lambda analyst: analyst.answer(question))

    def members(self, question: AnyQuestion, cell: Cell) -> Members:
        """See `Analyst.members`; all of them, as far as a list may be long."""
        return self.ask(lambda analyst: analyst.members(question, cell, limit=PEOPLE_MAX))

    def findings(self, product: str, segment: Segment) -> Sequence[Finding]:
        """Return what changed in a product, the most severe first."""

        async def found(house: AnalyticsContainer) -> Sequence[Finding]:
            return (await (await house.inspector()).found(product, segment)).findings

        return self.ask_analytics(found)

    def summary(self, product: str, range_: Range, segment: Segment) -> Summary:
        """See `Inspector.summary`."""

        async def found(house: AnalyticsContainer) -> Summary:
            return await (await house.inspector()).summary(product, range_, segment)

        return self.ask_analytics(found)

    def forget(self, product: str, person: str, reason: str) -> Removed:
        """See `removal.forget`."""
        return self.ask(
            lambda analyst: removal.forget(analyst, product, person, self._submit, reason=reason)
        )

    def clear(self, product: str, reason: str) -> Removed:
        """See `removal.clear`."""
        return self.ask(
            lambda analyst: removal.clear(analyst, product, self._submit, reason=reason)
        )

    def ask(self, question: Callable[[Analyst], Awaitable[T]]) -> T:
        """Ask the analyst of the home, which lasts as long as this."""

        async def asked(house: AnalyticsContainer) -> T:
            return await question(await house.analyst())

        return self.ask_analytics(asked)

    def ask_analytics(self, question: Callable[[AnalyticsContainer], Awaitable[T]]) -> T:
        """Ask the analytics of the home, which last as long as this."""

        async def work() -> T:
            with closing(analytics(self._home, self._store)) as house:
                house.submit_removal = self._submit
                with suppress(Unavailable):  # The request itself reports what hinders it.
                    await house.tidy()  # Where no console does it every hour, this is when.
                return await question(house)

        return asyncio.run(work())

    async def _submit(self, command: RemovalCommand) -> None:
        """Have the engine record a step of a removal."""
        await record(self._execute, command)

    async def _execute(self, operation: AnyOperation, product: str, **given: Any) -> None:
        # From a thread: a loop is at work in this one.
        await asyncio.to_thread(self._executed, operation, product, given)

    def _executed(self, operation: AnyOperation, product: str, given: dict[str, Any]) -> None:
        with closing(Desk(self._arguments, os.environ)) as desk:
            desk.execute(operation, product, given)


class There:
    """A server."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    def answer(self, question: AnyQuestion) -> AnyAnswer:
        """See `Analyst.answer`."""
        answer = self._line.send("POST", "/analytics/answers", body=question)
        found: AnyAnswer = self._line.read(answer, AnyAnswer)  # type: ignore[arg-type]
        return found

    def members(self, question: AnyQuestion, cell: Cell) -> Members:
        """See `Here.members`; one page of the API after another."""
        found: list[Member] = []
        cursor, total = "", 0
        body = {"question": question, "cell": cell}
        while len(found) < PEOPLE_MAX:
            query = {"limit": 200, "cursor": cursor}
            answer = self._line.send("POST", "/analytics/members", query=query, body=body)
            page = self._line.read(answer, Members)
            total, cursor = page.total, page.cursor or ""
            found += page.members
            if not cursor:
                break
        return Members(total, tuple(found), cursor or None)

    def findings(self, product: str, segment: Segment) -> Sequence[Finding]:
        """See `Here.findings`."""
        path = f"/products/{quote(product, safe='')}/anomalies"
        return self._line.get(path, list[Finding], **_segment_query(segment))

    def summary(self, product: str, range_: Range, segment: Segment) -> Summary:
        """See `Inspector.summary`."""
        days = {"since": range_.since.isoformat(), "until": range_.until.isoformat()}
        path = f"/products/{quote(product, safe='')}/summary"
        return self._line.get(path, Summary, **days, **_segment_query(segment))

    def forget(self, product: str, person: str, reason: str) -> Removed:
        """See `removal.forget`."""
        body = {"person": person, "reason": reason}
        return self._line.post(f"/products/{quote(product, safe='')}/forget", body, Removed)

    def clear(self, product: str, reason: str) -> Removed:
        """See `removal.clear`."""
        body = {"reason": reason}
        return self._line.post(f"/products/{quote(product, safe='')}/clear", body, Removed)


def _segment_query(segment: Segment) -> dict[str, str]:
    """Return a segment as a question of the API has it."""
    if segment == EVERYBODY:
        return {}
    return {"segment": msgspec.json.encode(segment).decode()}


def open_analytics(desk: Desk, arguments: argparse.Namespace) -> Asked:
    """Return who answers for the home that a command line names."""
    if isinstance(desk.home, Home):
        return Here(desk.home, desk.store, arguments)
    assert desk.line is not None
    return There(desk.line)


def shelf_of(desk: Desk) -> ProductReader:
    """Return the products of that home, as its log tells of them."""

    async def find(concept: Any, stream: str) -> Any:
        return (await fold(desk.store, concept, stream))[0]

    return ProductReader(find)


def today_of(product: Product) -> date:
    """Return which day it is for a product."""
    return datetime.fromtimestamp(SystemClock().now(), UTC).astimezone(zone_of(product.zone)).date()


def meant(arguments: argparse.Namespace, desk: Desk) -> Product:
    """Return the product that is asked about: the only one there is where none is named.

    Raises:
        Rejected: `product.ambiguous`.
        NotFound: `product.unknown`.
    """
    shelf = shelf_of(desk)
    if arguments.product:
        return asyncio.run(shelf.find(arguments.product))
    found = asyncio.run(shelf.all())
    others = [each for each in found if not each.is_own]
    if len(others) > 1:
        names = ", ".join(each.slug for each in others)
        raise Rejected(
            "product.ambiguous", f"There are several products: {names}.", hint="Give --product."
        )
    return others[0] if others else found[0]
