"""The document methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.queries.documents import DocumentDiff, DocumentLine, DocumentView
from missioncontrol.application.studio import CurrentDocument
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.documents.studio.model import Document


class DocumentRequests(Resource[L]):
    """Requests of the operations and queries of document."""

    @requested
    def list(self, mission: str, *, run: str = "") -> Call[Sequence[DocumentLine]]:
        """Return every kind of document with its newest version; 0 where none is stored."""
        return requests.item("document.list", mission, {"run": run})

    @requested
    def get(
        self, mission: str, kind: str, *, run: str = "", version: int | None = None
    ) -> Call[DocumentView]:
        """Return a version in full: its text, its sources, all versions, and open conflicts.

        Where none is stored yet, it is the draft of a mission that has a plan, with version 0.
        """
        return requests.item("document.get", f"{mission}/{kind}", {"run": run, "version": version})

    @requested
    def sections(self, mission: str, kind: str, *, run: str = "") -> Call[Document]:
        """Return what was generated last as typed sections, every statement with its sources."""
        return requests.item("document.sections", f"{mission}/{kind}", {"run": run})

    @requested
    def diff(
        self,
        mission: str,
        kind: str,
        *,
        run: str = "",
        older: int | None = None,
        newer: int | None = None,
    ) -> Call[DocumentDiff]:
        """Return what one version says differently from another, as a unified diff."""
        return requests.item(
            "document.diff", f"{mission}/{kind}", {"run": run, "older": older, "newer": newer}
        )

    @requested
    def write(
        self, mission: str, kind: str, *, run: str = "", key: str = ""
    ) -> Call[CurrentDocument]:
        """Write it from the record as it stands.

        People's edits stay; conflicts are reported.
        """
        return requests.operation("document.write", f"{mission}/{kind}", {"run": run}, key=key)

    @requested
    def edit(
        self,
        mission: str,
        kind: str,
        text: str,
        base: int,
        *,
        run: str = "",
        note: str = "",
        key: str = "",
        if_match: str = "",
    ) -> Call[CurrentDocument]:
        """Keep a text as the next version, made of `base`."""
        return requests.operation(
            "document.edit",
            f"{mission}/{kind}",
            {"run": run, "text": text, "base": base, "note": note},
            key=key,
            if_match=if_match,
        )

    @requested
    def settle(
        self,
        mission: str,
        kind: str,
        conflict: str,
        choice: Literal["mine", "theirs"],
        *,
        run: str = "",
        key: str = "",
    ) -> Call[CurrentDocument]:
        """Settle a conflict: keep a person's text, or replace it with the generated one."""
        return requests.operation(
            "document.settle",
            f"{mission}/{kind}",
            {"run": run, "conflict": conflict, "choice": choice},
            key=key,
        )
