"""Documents of missions on a server: written, read, edited, compared, downloaded as files."""

from typing import Literal, TypeAlias

from missioncontrol.application.queries.documents import DocumentDiff, DocumentLine, DocumentView
from missioncontrol.client.calls import Call, change, content, get, path_of
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.client.shapes import CurrentDocument, DocumentForm
from missioncontrol.documents.studio.model import Document
from missioncontrol.domain.document import DocumentKind

Lines: TypeAlias = list[DocumentLine]


class Documents(Resource[L]):
    """`client.documents`. Each is one of a mission's newest run, or of another `run` of it."""

    @requested
    def list(self, mission: str, *, run: str = "") -> Call[Lines]:
        """Return every kind of document with its newest version; 0 where none is stored."""
        return get(path_of("missions", mission, "documents"), Lines, run=run)

    @requested
    def get(
        self, mission: str, kind: DocumentKind, *, version: int | None = None, run: str = ""
    ) -> Call[DocumentView]:
        """Return a version in full, by default the newest; a draft, version 0, if none exists.

        Raises:
            NotFound: `document.unknown` or `document.unknown_version`.
        """
        return get(_path(mission, kind), DocumentView, version=version, run=run)

    @requested
    def sections(self, mission: str, kind: DocumentKind, *, run: str = "") -> Call[Document]:
        """Return what was generated last as typed sections; each statement has its sources."""
        return get(_path(mission, kind, "sections"), Document, run=run)

    @requested
    def write(
        self, mission: str, kind: DocumentKind, *, run: str = "", key: str = ""
    ) -> Call[CurrentDocument]:
        """Write it from the record as it stands; what people changed stays in it."""
        query = {"run": run}
        return change("POST", _path(mission, kind), CurrentDocument, query=query, key=key)

    @requested
    def edit(
        self,
        mission: str,
        kind: DocumentKind,
        text: str,
        *,
        base: int,
        note: str = "",
        run: str = "",
        key: str = "",
    ) -> Call[CurrentDocument]:
        """Keep a text that was made of version `base`.

        Raises:
            Conflict: `document.stale`, where another version is the newest.
            Rejected: `document.too_long` and others.
        """
        body = {"text": text, "base": base, "note": note}
        return change(
            "PUT", _path(mission, kind), CurrentDocument, body, query={"run": run}, key=key
        )

    @requested
    def settle(
        self,
        mission: str,
        kind: DocumentKind,
        conflict: str,
        choice: Literal["mine", "theirs"],
        *,
        run: str = "",
    ) -> Call[CurrentDocument]:
        """Keep a person's words (`mine`), or replace them by the generated ones (`theirs`)."""
        path = _path(mission, kind, "conflicts", conflict)
        return change("POST", path, CurrentDocument, {"choice": choice}, query={"run": run})

    @requested
    def diff(
        self,
        mission: str,
        kind: DocumentKind,
        *,
        older: int | None = None,
        newer: int | None = None,
        run: str = "",
    ) -> Call[DocumentDiff]:
        """Return what one version says differently, by default the newest from the one before."""
        path = _path(mission, kind, "diff")
        return get(path, DocumentDiff, older=older, newer=newer, run=run)

    @requested
    def file(
        self,
        mission: str,
        kind: DocumentKind,
        form: DocumentForm = "md",
        *,
        version: int | None = None,
        run: str = "",
    ) -> Call[bytes]:
        """Return a version as a file to pass on."""
        return content(_path(mission, kind, "file"), format=form, version=version, run=run)


def _path(mission: str, kind: DocumentKind, *more: str) -> str:
    return path_of("missions", mission, "documents", kind, *more)
