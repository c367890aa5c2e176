"""Repositories whose work goes through gates: their tasks as the record of a server has them."""

from typing import Any

import msgspec

from missioncontrol.client.calls import Call, Script, get, path_of, persisted, post
from missioncontrol.client.resource import L, Resource, carried_out, requested
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository.decide import unknown
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.evolve import evolve
from missioncontrol.domain.repository.process import Role
from missioncontrol.domain.repository.states import Repository

ROWS = 1_000
PREFIX = "repository-"


class TaskAnswer(msgspec.Struct, frozen=True):
    """What the engine says of a task that it was asked about."""

    answer: dict[str, Any]  # `task`, its number; `is_new`, whether something became true


class Repositories(Resource[L]):
    """`client.repositories`."""

    @carried_out
    def get(self, repository: str) -> Script[Repository]:
        """Return process and tasks of a repository, by the id in its `.mission/sop.toml`.

        Raises:
            NotFound: `repository.unknown`.
        """
        state, after = None, 0
        more = repository.startswith(PREFIX) and "/" not in repository
        while more:
            address = path_of("record", "streams", repository)
            rows = yield from persisted(get(address, list[Recorded], after=after, limit=ROWS))
            for row in rows:
                event: Any = decode(row.type, row.schema, row.body)
                state, after = evolve(state, event, row.time / 1_000_000), row.version
            more = len(rows) == ROWS
        if state is None:
            raise unknown(repository)
        return state

    @requested
    def add(
        self, repository: str, title: str, *, brief: str = "", key: str = ""
    ) -> Call[TaskAnswer]:
        """Add a task; its documents begin with what the process asks of them."""
        return _task("add", repository, key, title=title, brief=brief)

    @requested
    def start(self, repository: str, task: int, *, key: str = "") -> Call[TaskAnswer]:
        """Begin to implement a task; raises `repository.gate` where something holds it up."""
        return _task("start", repository, key, task=task)

    @requested
    def sign(
        self,
        repository: str,
        task: int,
        kind: TaskDocument,
        role: Role,
        *,
        digest: str,
        reason: str = "",
        key: str = "",
    ) -> Call[TaskAnswer]:
        """Agree to a document in a role: `digest` is that of the text that was read."""
        target = {"repository": repository, "task": task, "kind": kind, "role": role}
        body = {**target, "digest": digest, "reason": reason}
        return post("/asks/SignOffAsked", TaskAnswer, body, key=key)


def _task(verb: str, repository: str, key: str, **more: Any) -> Call[TaskAnswer]:
    body = {"verb": verb, "repository": repository, **more}
    return post("/asks/RepositoryTaskAsked", TaskAnswer, body, key=key)
