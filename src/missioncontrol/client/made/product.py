"""The product methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.analytics.questions import (
    Active,
    Cell,
    Funnel,
    Lifecycle,
    Paths,
    Retention,
    Segment,
    Step,
    Trend,
)
from missioncontrol.application.analytics.product_service import SourceMade
from missioncontrol.application.analytics.views import ProductView, SourceView, UseView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.cohorts import Cohort, Dashboard, Panel


class ProductRequests(Resource[L]):
    """Requests of the operations and queries of product."""

    @listed
    def list(self) -> Pages[ProductView]:
        """Return products by name; the last is this home's own log, read as events."""
        return requests.pages("product.list", {})

    @requested
    def get(self, product: str) -> Call[ProductView]:
        """Return a product: its calendar, its sources, what counts, and its key measures."""
        return requests.item("product.get", product)

    @requested
    def use(self, product: str) -> Call[UseView]:
        """Return how much of a product is stored, and its limits."""
        return requests.item("product.use", product)

    @listed
    def sources(self, product: str) -> Pages[SourceView]:
        """Return where events of a product come from; keys are shown only when they are made."""
        return requests.pages("product.sources", {}, product)

    @requested
    def source(self, product: str, source: str) -> Call[SourceView]:
        """Return a source, without its key."""
        return requests.item("product.source", f"{product}/{source}")

    @listed
    def cohorts(self, product: str) -> Pages[Cohort]:
        """Return the saved cohorts of a product, each with what it is made of."""
        return requests.pages("product.cohorts", {}, product)

    @requested
    def cohort(self, product: str, cohort: str) -> Call[Cohort]:
        """Return a saved cohort with what it is made of."""
        return requests.item("product.cohort", f"{product}/{cohort}")

    @listed
    def dashboards(self, product: str) -> Pages[Dashboard]:
        """Return the dashboards of a product with their panels."""
        return requests.pages("product.dashboards", {}, product)

    @requested
    def dashboard(self, product: str, dashboard: str) -> Call[Dashboard]:
        """Return a dashboard with its panels."""
        return requests.item("product.dashboard", f"{product}/{dashboard}")

    @requested
    def add(
        self,
        slug: str,
        *,
        name: str = "",
        zone: str = "UTC",
        week_starts: Literal["monday", "sunday", "saturday"] = "monday",
        key: str = "",
    ) -> Call[ProductView]:
        """Measure the use of a product from now on."""
        return requests.operation(
            "product.add",
            "",
            {"slug": slug, "name": name, "zone": zone, "week_starts": week_starts},
            key=key,
        )

    @requested
    def change(
        self,
        product: str,
        *,
        name: str | None = None,
        zone: str | None = None,
        week_starts: Literal["monday", "sunday", "saturday"] | None = None,
        retention_days: int | None = None,
        key: str = "",
        if_match: str = "",
    ) -> Call[ProductView]:
        """Change the name, the calendar or the retention of a product."""
        return requests.operation(
            "product.change",
            product,
            {
                "name": name,
                "zone": zone,
                "week_starts": week_starts,
                "retention_days": retention_days,
            },
            key=key,
            if_match=if_match,
        )

    @requested
    def exclude(
        self,
        product: str,
        *,
        bots: bool | None = None,
        people: Sequence[str] | None = None,
        properties: Sequence[Sequence[str]] | None = None,
        key: str = "",
        if_match: str = "",
    ) -> Call[ProductView]:
        """Leave bots and test people out of every measure alike, whenever they were there."""
        return requests.operation(
            "product.exclude",
            product,
            {"bots": bots, "people": people, "properties": properties},
            key=key,
            if_match=if_match,
        )

    @requested
    def limit(
        self,
        product: str,
        *,
        events_per_second: int | None = None,
        events_max: int | None = None,
        megabytes_max: int | None = None,
        key: str = "",
        if_match: str = "",
    ) -> Call[ProductView]:
        """Limit the events a second of each source, and how much of the product is stored."""
        return requests.operation(
            "product.limit",
            product,
            {
                "events_per_second": events_per_second,
                "events_max": events_max,
                "megabytes_max": megabytes_max,
            },
            key=key,
            if_match=if_match,
        )

    @requested
    def measure(
        self,
        product: str,
        *,
        activation: Sequence[Step] | None = None,
        activated_at: int | None = None,
        actions: Sequence[str] | None = None,
        active: str | None = None,
        key: str = "",
        if_match: str = "",
    ) -> Call[ProductView]:
        """Say what the activation funnel is, what the product is for, and who is active.

        What is empty is as the definition `kpis` says.
        """
        return requests.operation(
            "product.measure",
            product,
            {
                "activation": activation,
                "activated_at": activated_at,
                "actions": actions,
                "active": active,
            },
            key=key,
            if_match=if_match,
        )

    @requested
    def add_source(
        self,
        product: str,
        id: str,
        *,
        name: str = "",
        kind: Literal["browser", "server", "file"] = "server",
        is_internal: bool = False,
        key: str = "",
    ) -> Call[SourceMade]:
        """Add a source of a product's events; its write key is shown this once."""
        return requests.operation(
            "product.add_source",
            product,
            {"id": id, "name": name, "kind": kind, "is_internal": is_internal},
            key=key,
        )

    @requested
    def renew_key(self, product: str, source: str, *, key: str = "") -> Call[SourceMade]:
        """Give the source a new key, which is shown this once; the key before it is void."""
        return requests.operation("product.renew_key", f"{product}/{source}", {}, key=key)

    @requested
    def change_source(
        self,
        product: str,
        source: str,
        *,
        name: str | None = None,
        is_internal: bool | None = None,
        key: str = "",
    ) -> Call[SourceView]:
        """Rename a source; include or exclude its events, also those already received."""
        return requests.operation(
            "product.change_source",
            f"{product}/{source}",
            {"name": name, "is_internal": is_internal},
            key=key,
        )

    @requested
    def revoke_source(
        self, product: str, source: str, reason: str = "", *, key: str = ""
    ) -> Call[SourceView]:
        """Revoke a source: it can send nothing more; its earlier events count as before."""
        return requests.operation(
            "product.revoke_source", f"{product}/{source}", {"reason": reason}, key=key
        )

    @requested
    def save_cohort(
        self,
        product: str,
        cohort: str,
        name: str,
        *,
        note: str = "",
        segment: Segment | None = None,
        question: Funnel | Retention | Trend | Active | Lifecycle | Paths | None = None,
        cell: Cell | None = None,
        as_of: str = "",
        key: str = "",
    ) -> Call[Cohort]:
        """Keep people together under a name, so that segments can ask for them."""
        return requests.operation(
            "product.save_cohort",
            f"{product}/{cohort}",
            {
                "name": name,
                "note": note,
                "segment": segment,
                "question": question,
                "cell": cell,
                "as_of": as_of,
            },
            key=key,
        )

    @requested
    def remove_cohort(self, product: str, cohort: str, *, key: str = "") -> Call[None]:
        """Delete a cohort; questions that name it are refused from then on."""
        return requests.operation("product.remove_cohort", f"{product}/{cohort}", {}, key=key)

    @requested
    def save_dashboard(
        self, product: str, dashboard: str, name: str, panels: Sequence[Panel], *, key: str = ""
    ) -> Call[Dashboard]:
        """Create or replace a dashboard."""
        return requests.operation(
            "product.save_dashboard",
            f"{product}/{dashboard}",
            {"name": name, "panels": panels},
            key=key,
        )

    @requested
    def remove_dashboard(self, product: str, dashboard: str, *, key: str = "") -> Call[None]:
        """Delete a dashboard."""
        return requests.operation("product.remove_dashboard", f"{product}/{dashboard}", {}, key=key)
