"""How work goes on in a repository: its phases, what each needs, and who signs what."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec

from missioncontrol.domain.person import person
from missioncontrol.domain.repository.documents import TASK_DOCUMENTS, TaskDocument

Role = Literal["product", "engineering", "design"]
Phase = Literal["prd", "tasks", "spec", "plan", "implementation", "review"]

PHASES: tuple[Phase, ...] = get_args(Phase)

HEADINGS_MAX = 40
NAMES_MAX = 200
HEADING_MAX = 200

Names = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=HEADING_MAX)], ...],
    msgspec.Meta(max_length=NAMES_MAX),
]
Headings = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=HEADING_MAX)], ...],
    msgspec.Meta(max_length=HEADINGS_MAX),
]


class PhaseRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phase needs; the first four also leave a document, which has to be as said here."""

    needs: tuple[TaskDocument, ...] = ()  # that hold before; its document rests on them
    headings: Headings = ()  # that its document has, each with text
    signed_by: tuple[Role, ...] = ()  # one person for each of these


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The phases of a repository; one that is not there is not gone through."""

    phases: dict[Phase, PhaseRule]
    roles: dict[Role, Names] = {}  # who may sign; whoever may approve where nobody is named
    own: bool = False  # whether the author of a version may be the only one who signs it

    @property
    def documents(self) -> tuple[TaskDocument, ...]:
        """The documents of a task, in the order in which they are written."""
        return tuple(kind for kind in TASK_DOCUMENTS if kind in self.phases)

    def rule(self, phase: Phase) -> PhaseRule:
        """What a phase needs; nothing where the process does not have it."""
        return self.phases.get(phase, PhaseRule())

    def may_sign(self, role: Role, by: str) -> bool:
        """Whether the process names somebody for a role, or nobody at all."""
        named = self.roles.get(role, ())
        return not named or person(by) in {person(name) for name in named}


USUAL: Mapping[Phase, PhaseRule] = {
    "prd": PhaseRule(
        headings=("Brief", "Goal", "Requirements", "Not included"), signed_by=("product",)
    ),
    "tasks": PhaseRule(needs=("prd",), headings=("Tasks",), signed_by=("engineering",)),
    "spec": PhaseRule(
        needs=("prd", "tasks"),
        headings=("Behaviour", "Interfaces", "Acceptance"),
        signed_by=("engineering", "design"),
    ),
    "plan": PhaseRule(
        needs=("spec",), headings=("Steps", "Checks", "Way back"), signed_by=("engineering",)
    ),
    "implementation": PhaseRule(needs=TASK_DOCUMENTS),
    "review": PhaseRule(needs=TASK_DOCUMENTS),
}
"""What `mission repo init` proposes."""


def fault_of(process: Process) -> str:
    """Say what is wrong with a process; "" where nothing is."""
    for phase, rule in process.phases.items():
        earlier = PHASES[: PHASES.index(phase)]
        for need in rule.needs:
            if need not in process.phases or need not in earlier:
                return f"the phase {phase} needs {need}, which is no document of a phase before it"
        if phase not in TASK_DOCUMENTS and (rule.headings or rule.signed_by):
            return f"the phase {phase} leaves no document, so it has no headings and no signatures"
        if len(set(map(str.lower, rule.headings))) < len(rule.headings):
            return f"the phase {phase} names a heading twice"
    for role, names in process.roles.items():
        for name in names:
            if not person(name):
                return f"the role {role} names {name!r}, who is no person"
    return ""
