"""What a manager is given: a task with its signed documents, and how the round before ended."""

from typing import Any

import msgspec


class Commission(msgspec.Struct, frozen=True):
    """A task of a repository, as it is to be carried out."""

    number: int
    title: str
    brief: str = ""
    acceptance: tuple[str, ...] = ()  # what has to hold, besides what its documents say
    folder: str = ""  # of its documents, from the top of the repository
    documents: dict[str, str] = {}  # SHA-256 by kind: what was signed
    scope: tuple[str, ...] = ()  # patterns of the files that may be changed; none: any
    likely: tuple[str, ...] = ()  # files that are likely to change
    checks: tuple[tuple[str, ...], ...] = ()  # programs that have to end with 0
    into: str = ""  # the branch that what is approved goes into; "" for what is checked out
    head: str = ""  # the commit that was checked out when the run began; "" where not given
    begins: str = ""  # the commit that the change begins at; "" for that of the branch


class Former(msgspec.Struct, frozen=True):
    """How the round before ended."""

    commit: str = ""  # what was built; "" where nothing was changed
    onto: str = ""  # where the change began
    findings: tuple[dict[str, Any], ...] = ()  # why it was not merged
    returned: bool = False  # by the merge queue: what it goes onto is another commit by now
    rounds: int = 0  # until then
    conflicts: int = 0  # rounds of these that ended in a conflict, or that a person asked for


class Line(msgspec.Struct, frozen=True):
    """How the branch of a task was brought up to date before the task began."""

    state: str = ""  # red: the composition of both fails, and the task is to mend it
    commit: str = ""  # that composition
    onto: str = ""  # what the branch named then
    reason: str = ""  # what fails
