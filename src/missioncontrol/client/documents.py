"""Documents of missions on a server: written, read, edited, compared, downloaded as files."""

from typing import Literal

from missioncontrol.client.calls import Call, change, content, path_of
from missioncontrol.client.made.document import DocumentRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.client.shapes import CurrentDocument, DocumentForm
from missioncontrol.domain.document import DocumentKind


class Documents(DocumentRequests[L]):
    """`client.documents`. Each is one of a mission's newest run, or of another `run` of it."""

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
