"""Documents of missions on a server: written, read, edited, compared, downloaded as files."""

from missioncontrol.client.calls import Call, content, path_of
from missioncontrol.client.made.document import DocumentRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.client.shapes import DocumentForm
from missioncontrol.domain.document import DocumentKind


class Documents(DocumentRequests[L]):
    """`client.documents`. Each is one of a mission's newest run, or of another `run` of it."""

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
