"""Products of a server, questions about their use, and the people behind each count."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer, Members
from missioncontrol.analytics.definition import Definition
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment, Step
from missioncontrol.analytics.summary import Summary
from missioncontrol.application.analytics.removal import Removed
from missioncontrol.application.analytics.views import ProductView, SourceView, UseView
from missioncontrol.client.calls import (
    Call,
    Pages,
    change,
    content,
    get,
    pages,
    path_of,
    post,
    without_empty,
)
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.cohorts import Cohort, Dashboard, Panel


class SourceMade(msgspec.Struct, frozen=True):
    """A source with a new write key. The key is shown this once."""

    product: str
    source: str
    key: str


class StartedDigest(msgspec.Struct, frozen=True):
    """The run that writes a summary down."""

    product: str
    run: str


class Products(Resource[L]):
    """`client.products`."""

    @listed
    def list(self) -> Pages[ProductView]:
        """Return products by name; the last is the server's own log, read as events."""
        return pages("/products", ProductView)

    @requested
    def get(self, product: str) -> Call[ProductView]:
        """Return a product.

        Raises:
            NotFound: `product.unknown`.
        """
        return get(path_of("products", product), ProductView)

    @requested
    def add(
        self,
        slug: str,
        name: str = "",
        *,
        zone: str = "UTC",
        week_starts: str = "monday",
        key: str = "",
    ) -> Call[ProductView]:
        """Measure the use of a product from now on.

        Raises:
            Rejected: `product.bad_slug`, `analytics.bad_zone`; Conflict: `product.exists`.
        """
        body = {"slug": slug, "name": name or slug, "zone": zone, "week_starts": week_starts}
        return post("/products", ProductView, body, key=key)

    @requested
    def change(
        self,
        product: str,
        *,
        name: str | None = None,
        zone: str | None = None,
        week_starts: str | None = None,
        retention_days: int | None = None,
        if_match: str = "",
    ) -> Call[ProductView]:
        """Change the name or calendar of a product, or the retention of its events."""
        calendar = {"zone": zone, "week_starts": week_starts, "retention_days": retention_days}
        path = path_of("products", product)
        return change("PATCH", path, ProductView, {"name": name, **calendar}, if_match=if_match)

    @requested
    def exclude(
        self,
        product: str,
        *,
        bots: bool | None = None,
        people: Sequence[str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Call[ProductView]:
        """Say what counts in no measure; what is left out stays as it is."""
        body = {
            "bots": bots,
            "people": None if people is None else [*people],
            "properties": None if properties is None else [*properties.items()],
        }
        return change("PUT", path_of("products", product, "exclusions"), ProductView, body)

    @requested
    def limit(
        self,
        product: str,
        *,
        events_per_second: int | None = None,
        events_max: int | None = None,
        megabytes_max: int | None = None,
    ) -> Call[ProductView]:
        """Set how much is accepted and stored; what is left out stays as it is."""
        body = {
            "events_per_second": events_per_second,
            "events_max": events_max,
            "megabytes_max": megabytes_max,
        }
        return change("PUT", path_of("products", product, "limits"), ProductView, body)

    @requested
    def use(self, product: str) -> Call[UseView]:
        """Return how much is stored of a product, beside how much may be."""
        return get(path_of("products", product, "use"), UseView)

    @requested
    def measure(
        self,
        product: str,
        *,
        activation: Sequence[Step] | None = None,
        activated_at: int | None = None,
        actions: Sequence[str] | None = None,
        active: str | None = None,
    ) -> Call[ProductView]:
        """Set the measures of how the product does; what is left out stays as it is."""
        body = {
            "activation": None if activation is None else [*activation],
            "activated_at": activated_at,
            "actions": None if actions is None else [*actions],
            "active": active,
        }
        return change("PUT", path_of("products", product, "key-measures"), ProductView, body)

    @listed
    def sources(self, product: str) -> Pages[SourceView]:
        """Return where events of a product come from."""
        return pages(path_of("products", product, "sources"), SourceView)

    @requested
    def add_source(
        self,
        product: str,
        source: str,
        name: str = "",
        *,
        kind: str = "server",
        is_internal: bool = False,
        key: str = "",
    ) -> Call[SourceMade]:
        """Create a source of events with a write key, which is shown this once."""
        about = {"kind": kind, "is_internal": is_internal}
        body = {"id": source, "name": name or source, **about}
        return post(path_of("products", product, "sources"), SourceMade, body, key=key)

    @requested
    def change_source(
        self,
        product: str,
        source: str,
        *,
        name: str | None = None,
        is_internal: bool | None = None,
    ) -> Call[SourceView]:
        """Change what a source is called, or whether its events count."""
        body = {"name": name, "is_internal": is_internal}
        return change("PATCH", path_of("products", product, "sources", source), SourceView, body)

    @requested
    def renew_key(self, product: str, source: str) -> Call[SourceMade]:
        """Replace the write key of a source; the one before is void."""
        return post(path_of("products", product, "sources", source, "key"), SourceMade)

    @requested
    def revoke_source(self, product: str, source: str, reason: str = "") -> Call[SourceView]:
        """Revoke a source: it accepts no more events."""
        path = path_of("products", product, "sources", source)
        return change("DELETE", path, SourceView, query={"reason": reason})

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

    @listed
    def cohorts(self, product: str) -> Pages[Cohort]:
        """Return the saved cohorts of a product."""
        return pages(path_of("products", product, "cohorts"), Cohort)

    @requested
    def save_cohort(
        self, product: str, cohort: str, name: str, segment: Segment, note: str = ""
    ) -> Call[Cohort]:
        """Keep those whom a segment means at any time under a name."""
        body = {"name": name, "note": note, "segment": segment}
        return change("PUT", path_of("products", product, "cohorts", cohort), Cohort, body)

    @requested
    def remove_cohort(self, product: str, cohort: str) -> Call[None]:
        """Delete a cohort."""
        return change("DELETE", path_of("products", product, "cohorts", cohort), type(None))

    @listed
    def dashboards(self, product: str) -> Pages[Dashboard]:
        """Return the dashboards of a product."""
        return pages(path_of("products", product, "dashboards"), Dashboard)

    @requested
    def save_dashboard(
        self, product: str, dashboard: str, name: str, panels: Sequence[Panel]
    ) -> Call[Dashboard]:
        """Replace a dashboard."""
        body = {"name": name, "panels": [*panels]}
        path = path_of("products", product, "dashboards", dashboard)
        return change("PUT", path, Dashboard, body)

    @requested
    def remove_dashboard(self, product: str, dashboard: str) -> Call[None]:
        """Delete a dashboard."""
        path = path_of("products", product, "dashboards", dashboard)
        return change("DELETE", path, type(None))


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
