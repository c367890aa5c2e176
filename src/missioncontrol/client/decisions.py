"""Decisions on a server: what is declared of them, and their files."""

from collections.abc import Sequence
from typing import TypeAlias

from missioncontrol.application.decision_files import DecisionFile, Import
from missioncontrol.client.calls import Call, get, post
from missioncontrol.client.made.decision import DecisionRequests
from missioncontrol.client.resource import L, requested

Files: TypeAlias = list[DecisionFile]


class Decisions(DecisionRequests[L]):
    """`client.decisions`. An id is one of the log, or of a plan: `mission-x/D1`."""

    @requested
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

    @requested
    def files(self, *, plans: bool = False) -> Call[Files]:
        """Return the log as files of MADR 4; `plans` adds decisions that are not judged yet."""
        return get("/decisions/export", Files, plans=plans)
