"""The work_item methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.work_index import WorkItem
from missioncontrol.application.work_items import ItemNow
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.queries.work_item import WorkItemPage


class WorkItemRequests(Resource[L]):
    """Requests of the operations and queries of work_item."""

    @listed
    def list(
        self,
        *,
        which: Literal["open", "over", "all"] = "open",
        status: Literal[
            "planned",
            "ready_to_build",
            "building",
            "in_review",
            "waiting",
            "stuck",
            "failed",
            "cancelled",
            "done",
        ]
        | None = None,
        stage: Literal["planned", "ready_to_build", "building", "in_review", "waiting", "done"]
        | None = None,
        kind: Literal["task", "person_task", "repository_task", "question", "alert"] | None = None,
        epic: str = "",
        assignee: str = "",
        repository: str = "",
        priority: Literal["urgent", "high", "normal", "low"] | None = None,
        label: str = "",
        text: str = "",
    ) -> Pages[WorkItem]:
        """List work items: tasks of missions and repositories, questions to people, and alerts.

        What a person has to act on comes first.

        The status of each is that of the board, with the reason and the action that makes it go on.
        """
        return requests.pages(
            "work_item.list",
            {
                "which": which,
                "status": status,
                "stage": stage,
                "kind": kind,
                "epic": epic,
                "assignee": assignee,
                "repository": repository,
                "priority": priority,
                "label": label,
                "text": text,
            },
        )

    @requested
    def get(self, work_item: str) -> Call[WorkItemPage]:
        """Return a work item in full.

        What it waits for, what waits for it, how long it was in each stage, and what can be done
        with it.
        """
        return requests.item("work_item.get", work_item)

    @requested
    def create(
        self,
        repository: str,
        title: str,
        *,
        text: str = "",
        acceptance: Sequence[str] = (),
        files: Sequence[str] = (),
        to: str = "",
        priority: Literal["urgent", "high", "normal", "low"] | None = None,
        labels: Sequence[str] = (),
        due: str = "",
        hours: float = 0.0,
        on: str = "",
        parent: str = "",
        key: str = "",
    ) -> Call[ItemNow]:
        """Add a task to a repository, with what people say about it."""
        return requests.operation(
            "work_item.create",
            "",
            {
                "repository": repository,
                "title": title,
                "text": text,
                "acceptance": acceptance,
                "files": files,
                "to": to,
                "priority": priority,
                "labels": labels,
                "due": due,
                "hours": hours,
                "on": on,
                "parent": parent,
            },
            key=key,
        )

    @requested
    def assign(self, work_item: str, *, to: str = "", key: str = "") -> Call[ItemNow]:
        """Say who does an item: a person, or an agent that is declared here.

        Without a name it is unassigned. A task whose plan names its agent is refused.
        """
        return requests.operation("work_item.assign", work_item, {"to": to}, key=key)

    @requested
    def edit(
        self,
        work_item: str,
        *,
        priority: Literal["urgent", "high", "normal", "low"] | None = None,
        labels: Sequence[str] | None = None,
        due: str | None = None,
        hours: float | None = None,
        parent: str | None = None,
        title: str | None = None,
        text: str | None = None,
        acceptance: Sequence[str] | None = None,
        key: str = "",
    ) -> Call[ItemNow]:
        """Change the priority, the labels, the due date, the estimate or the parent of an item.

        Of a task of a repository also its title, its text and its points of acceptance. What is
        left out stays.
        """
        return requests.operation(
            "work_item.edit",
            work_item,
            {
                "priority": priority,
                "labels": labels,
                "due": due,
                "hours": hours,
                "parent": parent,
                "title": title,
                "text": text,
                "acceptance": acceptance,
            },
            key=key,
        )

    @requested
    def block(self, work_item: str, on: str, reason: str = "", *, key: str = "") -> Call[ItemNow]:
        """Have an item wait until another one is over.

        A cycle is refused.
        """
        return requests.operation(
            "work_item.block", work_item, {"on": on, "reason": reason}, key=key
        )

    @requested
    def unblock(self, work_item: str, on: str, *, key: str = "") -> Call[ItemNow]:
        """Have an item no longer wait for another one."""
        return requests.operation("work_item.unblock", work_item, {"on": on}, key=key)

    @requested
    def start(self, work_item: str, *, key: str = "") -> Call[ItemNow]:
        """Begin an item: a person begins a task, a plan is carried out, an alert is acknowledged.

        Refused while something blocks it.
        """
        return requests.operation("work_item.start", work_item, {}, key=key)

    @requested
    def stop(self, work_item: str, reason: str = "", *, key: str = "") -> Call[ItemNow]:
        """End the work on an item; it can begin again.

        The run of an agent is cancelled with all that it carries out.
        """
        return requests.operation("work_item.stop", work_item, {"reason": reason}, key=key)

    @requested
    def hand_to_builder(
        self, work_item: str, builder: str, *, reviewer: str = "", into: str = "", key: str = ""
    ) -> Call[ItemNow]:
        """Have agents build, test, review and merge a task of a repository."""
        return requests.operation(
            "work_item.hand_to_builder",
            work_item,
            {"builder": builder, "reviewer": reviewer, "into": into},
            key=key,
        )

    @requested
    def retry(self, work_item: str, *, key: str = "") -> Call[ItemNow]:
        """Do a task again that failed or was cancelled.

        The mission gets a new run, which repeats the task and everything that follows from it.
        """
        return requests.operation("work_item.retry", work_item, {}, key=key)

    @requested
    def finish(self, work_item: str, reason: str = "", *, key: str = "") -> Call[ItemNow]:
        """Take an item as done: a person has checked it.

        Of an alert: resolve it.
        """
        return requests.operation("work_item.finish", work_item, {"reason": reason}, key=key)

    @requested
    def drop(self, work_item: str, reason: str = "", *, key: str = "") -> Call[ItemNow]:
        """Do not do an item.

        The tasks that wait for it go on.
        """
        return requests.operation("work_item.drop", work_item, {"reason": reason}, key=key)
