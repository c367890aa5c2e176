"""Decisions on a server: recorded, judged, replaced, linked, exchanged as files."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from missioncontrol.application.decision_files import DecisionFile, Import
from missioncontrol.application.decision_views import DecisionLine
from missioncontrol.application.queries.decisions import DecisionPage
from missioncontrol.client.calls import Call, Pages, get, pages, path_of, post
from missioncontrol.client.resource import L, Resource, asked, listed
from missioncontrol.client.shapes import DecisionNow
from missioncontrol.domain.decision_text import DecisionText

Files: TypeAlias = list[DecisionFile]


class Decisions(Resource[L]):
    """`client.decisions`. An id is one of the log, or of a plan: `mission-x/D1`."""

    @listed
    def list(
        self, *, status: str = "", text: str = "", mission: str = "", file: str = ""
    ) -> Pages[DecisionLine]:
        """Return decisions of the log and of plans, those that changed last first.

        `status` is proposed, accepted, rejected, deprecated or superseded.
        """
        return pages(
            "/decisions", DecisionLine, status=status, text=text, mission=mission, file=file
        )

    @asked
    def get(self, decision: str) -> Call[DecisionPage]:
        """Return a decision in full, and what happened to it.

        Raises:
            NotFound: `decision.unknown`.
        """
        return get(_path(decision), DecisionPage)

    @asked
    def record(
        self,
        text: DecisionText,
        *,
        status: Literal["proposed", "accepted"] = "proposed",
        supersedes: Sequence[str] = (),
        tasks: Sequence[str] = (),
        files: Sequence[str] = (),
        key: str = "",
    ) -> Call[DecisionNow]:
        """Put a decision into the log; what it supersedes is superseded at once.

        `tasks` are named as MISSION/KEY, `files` relative to the repository.
        """
        body = {
            "text": text,
            "status": status,
            "supersedes": list(supersedes),
            "tasks": list(tasks),
            "files": list(files),
        }
        return post("/decisions", DecisionNow, body, key=key)

    @asked
    def accept(self, decision: str, reason: str = "") -> Call[DecisionNow]:
        """Let a proposed decision hold."""
        return post(_path(decision, "accept"), DecisionNow, {"reason": reason})

    @asked
    def reject(self, decision: str, reason: str = "") -> Call[DecisionNow]:
        """Say no to a proposed decision."""
        return post(_path(decision, "reject"), DecisionNow, {"reason": reason})

    @asked
    def deprecate(self, decision: str, reason: str = "") -> Call[DecisionNow]:
        """Say that a decision holds no more, without another in its place."""
        return post(_path(decision, "deprecate"), DecisionNow, {"reason": reason})

    @asked
    def supersede(self, decision: str, by: str, reason: str = "") -> Call[DecisionNow]:
        """Put another decision in its place; a circle is refused."""
        return post(_path(decision, "supersede"), DecisionNow, {"by": by, "reason": reason})

    @asked
    def link(
        self,
        decision: str,
        *,
        tasks: Sequence[str] = (),
        files: Sequence[str] = (),
        remove: bool = False,
    ) -> Call[DecisionNow]:
        """Say which tasks and files a decision has to do with, or take that back (`remove`)."""
        body = {"tasks": list(tasks), "files": list(files), "remove": remove}
        return post(_path(decision, "links"), DecisionNow, body)

    @asked
    def bring(
        self,
        files: Sequence[DecisionFile],
        *,
        repository: str = "",
        apply: bool = False,
        key: str = "",
    ) -> Call[Import]:
        """Read files of decisions, and say what is new or changed; `apply` takes it into the log.

        `repository` is the path of the repository that the files are in.
        """
        body = {"files": list(files), "repository": repository, "apply": apply}
        return post("/decisions/import", Import, body, key=key)

    @asked
    def files(self, *, plans: bool = False) -> Call[Files]:
        """Return the log as files of MADR 4; `plans` adds what nobody has judged yet."""
        return get("/decisions/export", Files, plans=plans)


def _path(decision: str, *more: str) -> str:
    return path_of("decisions", decision.replace("/", ":", 1), *more)
