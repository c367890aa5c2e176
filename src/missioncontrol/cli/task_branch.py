"""The branch that changes of tasks go into, checked before agents are paid."""

import asyncio

from missioncontrol.adapters.git import git
from missioncontrol.cli.checkout_record import Record
from missioncontrol.cli.output import note
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.step_scope import found_repository
from missioncontrol.specialists.git import head_commit
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.merger.branch_update import red_line
from missioncontrol.specialists.merger.merge_request import refuse_branch


def look_at_branch(into: str, record: Record) -> str:
    """Return the commit that the run has to bring a branch up to before it builds; "" for none.

    Other branches are reported with what they lack, as that may be meant: such
    a branch is only tested as it stands, where it was red.

    Raises:
        Rejected: `merger.bad_branch`, `merger.checked_out`.
    """
    try:
        theirs = found_repository(record.checkout.root, "merger")
        refuse_branch(theirs, into)
    except AttemptFailed as error:
        raise Rejected(error.code, error.reason, hint=error.hint) from None
    head = head_commit(record.checkout.root)
    if not head or not theirs.commit(f"refs/heads/{into}"):
        return ""  # It begins at what is checked out.
    lacking = int(theirs.git("rev-list", "--count", head, f"^refs/heads/{into}"))
    is_red = bool(red_line(theirs, into))
    if into != f"mission/{_branch(record)}":
        _note_lacking(into, lacking)
        return theirs.commit(f"refs/heads/{into}") if is_red else ""
    if lacking:
        commits = counted(lacking, "commit")
        note(f"{visible(into)} lacks {commits} of yours: they are brought in, if that is green.\n")
    return head if lacking or is_red else ""


def _note_lacking(into: str, lacking: int) -> None:
    if lacking:
        commits, name = counted(lacking, "commit"), visible(into)
        note(
            f"{name} lacks {commits} of what is checked out here, and agents begin without that. "
            f"To bring both together, `git merge {name}` into the branch that is checked out, and "
            "run the tasks without `--into`: that tests the composition first.\n"
        )


def branch_here(record: Record) -> str:
    """Return the name of the branch that is checked out.

    Raises:
        Rejected: `repository.no_branch`.
    """
    name = _branch(record)
    if not name:
        raise Rejected(
            "repository.no_branch",
            "No branch is checked out here, so it is not known what the changes are for.",
            hint="Name where they go: --into mission/NAME.",
        )
    return name


def _branch(record: Record) -> str:
    try:
        asked = ["symbolic-ref", "--quiet", "--short", "HEAD"]
        return asyncio.run(git(asked, cwd=record.checkout.root)).decode().strip()
    except AttemptFailed:
        return ""
