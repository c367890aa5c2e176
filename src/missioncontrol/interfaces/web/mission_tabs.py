"""The five tabs of a mission's page, the parts of each, and where earlier addresses lead."""

from collections.abc import Mapping
from typing import NamedTuple

TABS: dict[str, str] = {
    "overview": "Overview",
    "plan": "Plan",
    "decisions": "Decisions",
    "documents": "Documents",
    "activity": "Activity",
}
"""By `view` in the address."""

PLAN_PARTS: dict[str, tuple[str, str]] = {
    "list": ("List", "list"),
    "graph": ("Graph", "fork"),
    "requirements": ("Requirements", "signoff"),
    "trace": ("Trace", "link"),
}
"""By `show` in the address: title and icon."""

RESULTS: dict[str, str] = {
    "report": "Report",
    "findings": "Findings and evidence",
    "artifacts": "Artifacts",
}
PRODUCT: dict[str, str] = {
    "product": "Product design",
    "diagrams": "Diagrams and structure",
}
"""By `document` in the address: what stands beside the documents that are written."""


class Place(NamedTuple):
    """A tab, and the part of it that is shown."""

    tab: str
    part: str = ""


_MOVED: dict[str, Place] = {
    "now": Place("overview"),
    "summary": Place("overview"),
    "places": Place("plan", "requirements"),
    "requirements": Place("plan", "requirements"),
    "trace": Place("plan", "trace"),
    "design": Place("documents", "product"),
    "blueprint": Place("documents", "diagrams"),
    "report": Place("documents", "report"),
    "findings": Place("documents", "findings"),
    "artifacts": Place("documents", "artifacts"),
    "log": Place("activity"),
    "cost": Place("overview"),
}
"""Views of earlier releases; links of that time stay good."""


def moved_query(query: Mapping[str, str]) -> dict[str, str] | None:
    """Return the query that an earlier address means now; None where it is one of today."""
    place = _MOVED.get(query.get("view", ""))
    if place is None:
        return None
    rest = {name: value for name, value in query.items() if name not in ("view", "plan")}
    if query.get("plan") == "list" and place == Place("overview"):
        place = Place("plan", "list")
    return {**query_of(place), **rest}


def query_of(place: Place) -> dict[str, str]:
    """Return the query of the address that shows a place."""
    part = {"plan": "show", "documents": "document"}.get(place.tab, "")
    return {"view": place.tab, **({part: place.part} if part and place.part else {})}


def place_of(query: Mapping[str, str]) -> Place:
    """Return what an address of today shows; anything unknown is the first part of its tab."""
    tab = query.get("view", "")
    if tab == "plan":
        part = query.get("show", "")
        return Place(tab, part if part in PLAN_PARTS else "list")
    if tab == "documents":
        part = query.get("document", "")
        return Place(tab, part if part in RESULTS or part in PRODUCT else "")
    return Place(tab if tab in TABS else "overview")
