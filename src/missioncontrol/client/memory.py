"""What a server remembers: listed, searched, added, corrected, forgotten."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from missioncontrol.application.queries.memory import (
    ItemDetail,
    MatchView,
    Remembering,
)
from missioncontrol.client.calls import Call, change, get, path_of, post
from missioncontrol.client.made.memory import MemoryRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import Kind

Matches: TypeAlias = list[MatchView]
RecalledItems: TypeAlias = list[Recalled]


class Memory(MemoryRequests[L]):
    """`client.memory`."""

    @requested
    def counts(self) -> Call[Remembering]:
        """Return how many items there are by kind and repository."""
        return get("/memory/counts", Remembering)

    @requested
    def search(
        self,
        words: str,
        *,
        kind: Kind | None = None,
        repository: str = "",
        tag: str = "",
        file: str = "",
        expired: bool = False,
        limit: int | None = None,
    ) -> Call[Matches]:
        """Return the items that say some of these words, best first, each with its score."""
        return get(
            "/memory/search",
            Matches,
            q=words,
            kind=kind,
            repository=repository,
            tag=tag,
            file=file,
            expired=expired,
            limit=limit,
        )

    @requested
    def recall(self, goal: str, *, repository: str = "") -> Call[RecalledItems]:
        """Return what a planner would receive for a goal now."""
        body = {"goal": goal, "repository": repository}
        return post("/memory/recall", RecalledItems, body)

    @requested
    def correct(
        self,
        item: str,
        *,
        title: str | None = None,
        text: str | None = None,
        files: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Call[ItemDetail]:
        """Correct the text of an item from now on, whatever is harvested."""
        given: dict[str, Any] = {"title": title, "text": text, "files": files, "tags": tags}
        body = {name: value for name, value in given.items() if value is not None}
        return change("PATCH", path_of("memory", item), ItemDetail, body)

    @requested
    def expire(self, item: str, expires: float, reason: str = "") -> Call[ItemDetail]:
        """Give it to planners until then (seconds since the epoch; 0: always)."""
        body = {"expires": expires, "reason": reason}
        return change("PATCH", path_of("memory", item), ItemDetail, body)
