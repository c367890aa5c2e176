"""Products of a server, questions about their use, and the people behind each count."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer, Members
from missioncontrol.analytics.definition import Definition
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment
from missioncontrol.analytics.summary import Summary
from missioncontrol.application.analytics.removal import Removed
from missioncontrol.client.calls import (
    Call,
    change,
    content,
    get,
    path_of,
    post,
    without_empty,
)
from missioncontrol.client.made.product import ProductRequests
from missioncontrol.client.resource import L, Resource, requested


class StartedDigest(msgspec.Struct, frozen=True):
    """The run that writes a summary down."""

    product: str
    run: str


class Products(ProductRequests[L]):
    """`client.products`."""

    @requested
    def events(self, product: str, form: str = "jsonl") -> Call[bytes]:
        """Return all events of a product as a file: `jsonl`, `csv` or `parquet`."""
        return content(path_of("products", product, "events"), format=form)

    @requested
    def forget(self, product: str, person: str, reason: str = "") -> Call[Removed]:
        """Remove a person everywhere, by any id of theirs.

        Raises:
            NotFound: `analytics.unknown_person`.
        """
        body = {"person": person, "reason": reason}
        return post(path_of("products", product, "forget"), Removed, body)

    @requested
    def clear(self, product: str, reason: str = "") -> Call[Removed]:
        """Remove all events of a product."""
        return post(path_of("products", product, "clear"), Removed, {"reason": reason})


class Analytics(Resource[L]):
    """`client.analytics`."""

    @requested
    def ask(self, question: AnyQuestion, *, as_of: datetime | None = None) -> Call[AnyAnswer]:
        """Return the answer to a question.

        Raises:
            NotFound: `product.unknown`, `cohort.unknown`.
            Rejected: the question can't be asked; the code and the reason say why.
            Unavailable: `analytics.slow` and others of the warehouse.
        """
        return _looked("/analytics/answers", AnyAnswer, question, as_of)

    @requested
    def table(self, question: AnyQuestion, *, as_of: datetime | None = None) -> Call[bytes]:
        """Return all figures of an answer as CSV."""
        return _looked("/analytics/answers/csv", bytes, question, as_of)

    @requested
    def members(
        self,
        question: AnyQuestion,
        cell: Cell,
        *,
        as_of: datetime | None = None,
        cursor: str = "",
        limit: int = 50,
    ) -> Call[Members]:
        """Return a page of the people behind one count of an answer, the latest first.

        With the `as_of` of the answer there are as many as the count says.
        """
        body = {"question": question, "cell": cell}
        place = {"cursor": cursor, "limit": limit}
        return _looked("/analytics/members", Members, body, as_of, place)

    @requested
    def kpis(
        self, product: str, since: date, until: date, *, compared: bool = True
    ) -> Call[list[Kpi]]:
        """Return activated users, activation rate, DAU and WAU of a product."""
        path = path_of("products", product, "kpis")
        days = {"since": since.isoformat(), "until": until.isoformat()}
        return get(path, list[Kpi], **days, compared="true" if compared else "false")

    @requested
    def summary(
        self,
        product: str,
        since: date,
        until: date,
        *,
        segment: Segment | None = None,
        compared: bool = True,
    ) -> Call[Summary]:
        """Return what changed, why it matters, what to do and what to ask, on days that are over.

        Every number names the question that yields it.
        """
        days = {"since": since.isoformat(), "until": until.isoformat()}
        path = path_of("products", product, "summary")
        more = {"compared": "true" if compared else "false", "segment": _segment(segment)}
        return get(path, Summary, **days, **more)

    @requested
    def write_summary(
        self,
        product: str,
        since: date,
        until: date,
        *,
        segment: Segment | None = None,
        key: str = "",
    ) -> Call[StartedDigest]:
        """Begin a run that writes the summary down, by the model where one is configured."""
        query = {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "segment": _segment(segment),
        }
        path = path_of("products", product, "summary", "writing")
        return change("POST", path, StartedDigest, key=key, query=without_empty(query))

    @requested
    def anomalies(self, product: str, *, segment: Segment | None = None) -> Call[list[Finding]]:
        """Return what changed by more than chance, the most severe first, an alert or not."""
        path = path_of("products", product, "anomalies")
        return get(path, list[Finding], segment=_segment(segment))

    @requested
    def definitions(self) -> Call[list[Definition]]:
        """Return what each measure means."""
        return get("/analytics/definitions", list[Definition])


def _looked(
    path: str,
    kind: Any,
    body: Any,
    as_of: datetime | None,
    query: Mapping[str, Any] = {},
) -> Call[Any]:
    """Ask for what changes nothing, with a body: it has no key, and may be asked again."""
    moment = {} if as_of is None else {"as_of": as_of.isoformat()}
    params = {name: value for name, value in query.items() if value != ""}
    return Call("POST", path, kind, {**params, **moment}, body)


def _segment(segment: Segment | None) -> str:
    return msgspec.json.encode(segment).decode() if segment else ""
