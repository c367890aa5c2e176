"""How work goes on in a repository: its phases, what each needs, and who signs what."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import msgspec

from missioncontrol.domain.person import can_decide, person
from missioncontrol.domain.repository.documents import TASK_DOCUMENTS, TaskDocument
from missioncontrol.domain.repository.scopes import pattern_fault

Role = Literal["product", "engineering", "design"]
Phase = Literal["prd", "tasks", "spec", "plan", "implementation", "review"]

PHASES: tuple[Phase, ...] = get_args(Phase)

RECORD = (".mission/", "tasks/", "docs/tasks.md")
"""Where the process is stored: `mission` writes there, and people sign; no task changes it."""

HEADINGS_MAX = 40
NAMES_MAX = 200
HEADING_MAX = 200
BRANCH_MAX = 200
ROUNDS_MAX = 20
CHECKS_MAX = 20
ARGUMENTS_MAX = 100
KNOWN_FAILURES_MAX = 200
TEST_NAME_MAX = 500
BRANCH = re.compile(r"mission/[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*", re.ASCII)
"""What may be merged into: branches of our own, which people do not check out by habit."""

Names = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=HEADING_MAX)], ...],
    msgspec.Meta(max_length=NAMES_MAX),
]
Checks = Annotated[
    tuple[Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=ARGUMENTS_MAX)], ...],
    msgspec.Meta(max_length=CHECKS_MAX),
]
KnownFailures = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=TEST_NAME_MAX)], ...],
    msgspec.Meta(max_length=KNOWN_FAILURES_MAX),
]
Headings = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=HEADING_MAX)], ...],
    msgspec.Meta(max_length=HEADINGS_MAX),
]


class PhaseRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phase needs; the first four also leave a document, which has to match this."""

    needs: tuple[TaskDocument, ...] = ()  # that hold before; its document rests on them
    headings: Headings = ()  # that its document has, each with text
    signed_by: tuple[Role, ...] = ()  # one person for each of these


class MergeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How what agents built of a task comes together with what others did."""

    into: Annotated[str, msgspec.Meta(max_length=BRANCH_MAX)] = ""  # "" for that of the checkout
    approval: bool = True  # whether a person approves each change before it is merged
    rounds: Annotated[int, msgspec.Meta(ge=1, le=ROUNDS_MAX)] = 3  # of building, at most
    checks: Checks = ()  # programs that have to end with 0, besides the tests of the project
    shared: Names = ()  # patterns of files that no two tasks change at once
    known_failures: KnownFailures = ()  # tests and checks that people allow to fail, by name
    untested: bool = False  # whether people accept that no test says anything


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The phases of a repository; one that is not there is not gone through."""

    phases: dict[Phase, PhaseRule]
    roles: dict[Role, Names] = {}  # who may sign; all who may approve where none is named
    own: bool = False  # whether the author of a version may be the only one who signs it
    merge: MergeRule = MergeRule()

    @property
    def documents(self) -> tuple[TaskDocument, ...]:
        """The documents of a task, in the order in which they are written."""
        return tuple(kind for kind in TASK_DOCUMENTS if kind in self.phases)

    def rule(self, phase: Phase) -> PhaseRule:
        """What a phase needs; nothing where the process does not have it."""
        return self.phases.get(phase, PhaseRule())

    def may_sign(self, role: Role, by: str) -> bool:
        """Whether the process names this person for a role, or no person at all."""
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
            if not can_decide(name):
                return f"the role {role} names {name!r}, who is no person"
    return _fault_of_merge(process.merge)


def branch_fault(branch: str) -> str:
    """Say why nothing is merged into `branch`; "" where it may be."""
    is_bad = branch.endswith(".lock") or ".lock/" in branch or ".." in branch or branch[-1:] == "."
    if not BRANCH.fullmatch(branch) or len(branch) > BRANCH_MAX or is_bad:
        return f"{branch[:80]!r} is no branch of ours, such as mission/main"
    return ""


def _fault_of_merge(rule: MergeRule) -> str:
    if rule.into and (fault := branch_fault(rule.into)):
        return f"merge.into: {fault}"
    for pattern in rule.shared:
        if fault := pattern_fault(pattern):
            return f"merge.shared: {pattern!r} {fault}"
    return ""
