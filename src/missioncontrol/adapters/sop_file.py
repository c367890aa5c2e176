"""`.mission/sop.toml` of a repository: its id, its phases, and who signs what."""

import json
from collections.abc import Sequence

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.process import (
    USUAL,
    MergeRule,
    Names,
    Phase,
    PhaseRule,
    Process,
    Role,
    fault_of,
)

PLACE = ".mission/sop.toml"

_HEAD = """\
# How work goes on in this repository. `mission repo init` wrote this once; it is yours to change,
# and `mission repo sync` takes a change over into the record.

id = {id}   # of this repository in the record; it never changes
own = {own}   # true: the author of a document may be its only signer, and the user who
              # started a task may say that it is done. Without it, one person alone stands still.

[roles]   # who may sign for which; any approver where none is named
product = []
engineering = []
design = []

# A phase begins when the documents that it `needs` are present, complete, signed and fresh. The
# first four leave a document in tasks/NNNN-…/, with these headings, signed by one person for each
# role. A phase that is removed is skipped.
"""


_MERGE = """
[merge]   # what becomes of a change that agents built with `mission task run`
approval = {approval}   # a person agrees to each change before it is merged
rounds = 3        # at most so often is it built, tested and reviewed
checks = []       # programs that end with 0 besides the tests, such as [["make", "lint"]]
shared = []       # files that no two tasks change at once, such as ["*.lock", "migrations/"]
known_failures = []   # tests that may fail, by name; all others have to pass before it is merged
untested = false      # true: changes are merged though there is no test that could run
"""


class Sop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says."""

    id: str
    phases: dict[Phase, PhaseRule]
    roles: dict[Role, Names] = {}
    own: bool = False
    merge: MergeRule = MergeRule()

    @property
    def process(self) -> Process:
        """How work goes on."""
        return Process(self.phases, self.roles, self.own, self.merge)


def read_sop(text: str | None) -> Sop:
    """Read the file.

    Raises:
        Rejected: `repository.no_process` where there is none, `repository.bad_process`.
    """
    if text is None:
        raise Rejected(
            "repository.no_process",
            f"There is no {PLACE} here.",
            hint="`mission repo init` shows what it would write, and writes it with --apply.",
        )
    try:
        found = msgspec.toml.decode(text, type=Sop)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _bad(str(error)) from None
    if fault := fault_of(found.process):
        raise _bad(fault)
    return found


def sop_text(id_: str, *, own: bool) -> str:
    """Return the file as it begins."""
    parts = [_HEAD.format(id=json.dumps(id_), own=str(own).lower())]
    for phase, rule in USUAL.items():
        parts.append(f"\n[phases.{phase}]\n")
        for name, values in (
            ("needs", rule.needs),
            ("headings", rule.headings),
            ("signed_by", rule.signed_by),
        ):
            parts += [f"{name} = {_listed(values)}\n"] if values else []
    return "".join([*parts, _MERGE.format(approval=str(not own).lower())])


def _listed(values: Sequence[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _bad(why: str) -> Rejected:
    return Rejected(
        "repository.bad_process", f"{PLACE} can't be used: {why}.", hint="Mend it, and try again."
    )
