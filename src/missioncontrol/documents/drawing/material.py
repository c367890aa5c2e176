"""What diagrams are drawn from: the plan, and the JSON that surveyor and architect handed in."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from missioncontrol.documents.exhibits import ReadArtifact, readable
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.work import ArtifactRef

BYTES_MAX = 32 * 1024 * 1024
BLUEPRINT, ARCHITECTURE = "blueprint.json", "architecture.json"
T = TypeVar("T")


class Unit(msgspec.Struct, frozen=True):
    """Something that runs, keeps data, or is delivered."""

    id: str
    name: str
    kind: str
    path: str
    line: int = 0
    detail: str = ""
    excerpt: str = ""
    group: str = ""


class Tie(msgspec.Struct, frozen=True):
    """One unit needs, starts or reaches another one."""

    source: str
    target: str
    label: str = ""
    path: str = ""
    line: int = 0


class Column(msgspec.Struct, frozen=True):
    """A column of a table."""

    name: str
    type: str = ""
    mark: str = ""
    line: int = 0


class Table(msgspec.Struct, frozen=True):
    """A table, or the class that stands for one."""

    name: str
    kind: str
    path: str
    line: int = 0
    columns: tuple[Column, ...] = ()
    how: str = ""
    excerpt: str = ""


class Reference(msgspec.Struct, frozen=True):
    """A column that points at a row of a table."""

    source: str
    target: str
    column: str
    path: str = ""
    line: int = 0


class Practice(msgspec.Struct, frozen=True):
    """One thing about how people work on the repository."""

    topic: str
    text: str
    path: str
    line: int = 0


class Entry(msgspec.Struct, frozen=True):
    """A way in for who uses the product."""

    name: str
    kind: str
    target: str
    path: str
    line: int = 0
    module: str = ""


class Stone(msgspec.Struct, frozen=True):
    """Something that the product stands on."""

    kind: str
    name: str
    detail: str
    path: str
    line: int = 0
    word: str = ""


class Folder(msgspec.Struct, frozen=True):
    """A directory with what it holds."""

    path: str
    files: int
    lines: int
    holds: str
    languages: tuple[str, ...] = ()


class Blueprint(msgspec.Struct, frozen=True):
    """What the surveyor read of how the product is run, what it stores and how it is worked on."""

    name: str = ""
    units: tuple[Unit, ...] = ()
    ties: tuple[Tie, ...] = ()
    tables: tuple[Table, ...] = ()
    references: tuple[Reference, ...] = ()
    practices: tuple[Practice, ...] = ()
    entries: tuple[Entry, ...] = ()
    foundation: tuple[Stone, ...] = ()
    shape: tuple[Folder, ...] = ()
    deployment_files: tuple[str, ...] = ()
    data_files: tuple[str, ...] = ()
    looked_for: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class Module(msgspec.Struct, frozen=True):
    """A module of the product."""

    path: str
    lines: int = 0
    fan_in: int = 0
    fan_out: int = 0


class Import(msgspec.Struct, frozen=True):
    """An import statement between modules of the product."""

    source: str
    target: str
    file: str
    line: int
    text: str = ""
    when: str = "load"


class Near(msgspec.Struct, frozen=True):
    """A module that the goal is about."""

    path: str


class Structure(msgspec.Struct, frozen=True):
    """What the architect read of modules and imports."""

    modules: tuple[Module, ...] = ()
    imports: tuple[Import, ...] = ()
    goal: tuple[Near, ...] = ()


class Material:
    """A mission's record with the artifacts of its specialists, each read on first use."""

    def __init__(self, record: MissionRecord, read_artifact: ReadArtifact) -> None:
        """Keep the record; nothing is read yet."""
        self.record = record
        self.plan: Plan = record.plan
        self._read = read_artifact

    @cached_property
    def blueprint(self) -> Blueprint | None:
        """What the surveyor found; None where no survey has handed it in, or it can't be read."""
        return self._decoded(BLUEPRINT, Blueprint)

    @cached_property
    def structure(self) -> Structure | None:
        """What the architect found; None as for `blueprint`."""
        return self._decoded(ARCHITECTURE, Structure)

    def artifact(self, name: str) -> tuple[TaskRecord, ArtifactRef] | None:
        """Return the last artifact of that name with its task."""
        found = None
        for one in self.record.tasks:
            for each in one.work.artifacts:
                if each.name == name and each.media_type == "application/json":
                    found = one, each
        return found

    @property
    def changes(self) -> Iterator[Task]:
        """The tasks that change the repository."""
        return (task for task in self.plan.tasks() if task.is_change)

    def _decoded(self, name: str, shape: type[T]) -> T | None:
        found = self.artifact(name)
        if found is None or found[1].size > BYTES_MAX:
            return None
        content, fault = readable(found[1], self._read)
        if fault:
            return None
        try:
            value: Any = msgspec.json.decode(content, type=shape, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return value if isinstance(value, shape) else None
