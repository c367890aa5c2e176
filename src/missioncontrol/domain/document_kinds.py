"""The kinds of documents, by themselves: the command line names them before it loads anything."""

import difflib
from typing import Literal, get_args

from missioncontrol.domain.errors import NotFound

DocumentKind = Literal[
    "prd", "design", "plan", "pack", "adrs", "test-plan", "release-notes", "brief"
]
KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)
TITLES: dict[DocumentKind, str] = {
    "prd": "Product requirements",
    "design": "Technical design",
    "plan": "Engineering plan",
    "pack": "AI execution pack",
    "adrs": "Architecture decisions",
    "test-plan": "Test plan",
    "release-notes": "Release notes",
    "brief": "Executive brief",
}
ALIASES: dict[str, DocumentKind] = {
    "requirements": "prd",
    "tdd": "design",
    "rfc": "design",
    "agents": "pack",
    "agents.md": "pack",
    "adr": "adrs",
    "decisions": "adrs",
    "tests": "test-plan",
    "release": "release-notes",
    "changelog": "release-notes",
    "summary": "brief",
    "one-pager": "brief",
}
"""Other names that people have for them; titles are names too."""


def kind_named(text: str) -> DocumentKind | None:
    """Return the kind that people mean by a name, or None."""
    name = "-".join(text.lower().replace("_", " ").replace("-", " ").split())
    titled: dict[str, DocumentKind] = {
        title.lower().replace(" ", "-"): kind for kind, title in TITLES.items()
    }
    own: dict[str, DocumentKind] = {kind: kind for kind in KINDS}
    return (titled | ALIASES | own).get(name)


def kinds_known(text: str) -> str:
    """List the kinds for a user who named none of them, the nearest first."""
    names = [*KINDS, *ALIASES]
    [near] = difflib.get_close_matches(text.lower(), names, 1) or [""]
    asked = f"Did you mean {near!r}? " if near else ""
    return f"{asked}There are {', '.join(KINDS)}."


def known_kind(text: str) -> DocumentKind:
    """Return the kind of document that a text names.

    Raises:
        NotFound: `document.unknown_kind`.
    """
    found = kind_named(text)
    if found is None:
        raise NotFound(
            "document.unknown_kind",
            f"{text[:60]!r} is no kind of document.",
            hint=kinds_known(text),
        )
    return found
