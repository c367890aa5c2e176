"""The memory methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.memory import Forgotten
from missioncontrol.application.queries.memory import ItemDetail, ItemView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class MemoryRequests(Resource[L]):
    """Requests of the operations and queries of memory."""

    @listed
    def list(
        self,
        *,
        kind: Literal["", "lesson", "decision", "risk", "command", "estimate", "fact"] = "",
        repository: str | None = None,
        tag: str = "",
        file: str = "",
        expired: bool = False,
    ) -> Pages[ItemView]:
        """Return items, those that were confirmed last first."""
        return requests.pages(
            "memory.list",
            {"kind": kind, "repository": repository, "tag": tag, "file": file, "expired": expired},
        )

    @requested
    def get(self, item: str) -> Call[ItemDetail]:
        """Return an item with its source and its neighbours."""
        return requests.item("memory.get", item)

    @requested
    def add(
        self,
        title: str,
        text: str,
        *,
        kind: Literal["lesson", "decision", "risk", "command", "estimate", "fact"] = "lesson",
        repository: str = "",
        files: Sequence[str] = (),
        tags: Sequence[str] = (),
        expires: float = 0.0,
        key: str = "",
    ) -> Call[ItemDetail]:
        """Remember something, so that planners receive it from now on."""
        return requests.operation(
            "memory.add",
            "",
            {
                "title": title,
                "text": text,
                "kind": kind,
                "repository": repository,
                "files": files,
                "tags": tags,
                "expires": expires,
            },
            key=key,
        )

    @requested
    def forget(
        self, item: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[Forgotten]:
        """Delete an item from the index, from what planners receive, and from the harvest.

        The record keeps the events that it came from, and that it was forgotten.
        """
        return requests.operation(
            "memory.forget", item, {"reason": reason}, key=key, if_match=if_match
        )
