"""The branch that changes of tasks go into: looked at before anybody builds, and brought up."""

import asyncio

from missioncontrol.adapters.git import git
from missioncontrol.cli.checkout_record import Record
from missioncontrol.cli.output import note
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.asked import found
from missioncontrol.specialists.commits.lent import Theirs
from missioncontrol.specialists.git import head_commit
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.merger.bringing import brought_up
from missioncontrol.specialists.merger.wanted import refuse_branch


def look_at_branch(into: str, record: Record) -> None:
    """Refuse a branch that can't be merged into, before anybody is paid for what would go there.

    One that belongs to what is checked out is brought up to it; of others it is said what they
    lack, as somebody else may mean them to be without that.

    Raises:
        Rejected: `merger.bad_branch`, `merger.checked_out`, or as `brought_up`.
        Unavailable: as `brought_up`.
    """
    try:
        theirs = found(record.checkout.root, "merger")
        refuse_branch(theirs, into)
    except AttemptFailed as error:
        raise Rejected(error.code, error.reason, hint=error.hint) from None
    head = head_commit(record.checkout.root)
    if not head or not theirs.commit(f"refs/heads/{into}"):
        return  # It begins at what is checked out.
    if into == f"mission/{_branch(record)}":
        _bring_up(theirs, into, head)
    else:
        _tell(theirs, into)


def _bring_up(theirs: Theirs, into: str, head: str) -> None:
    brought = brought_up(theirs, into, head)
    commits = counted(brought.lacked, "commit")
    match brought.way:
        case "forward":
            note(f"{visible(into)} lacked {commits} of yours, and is {head[:12]} now.\n")
        case "merged":
            note(
                f"{visible(into)} lacked {commits} of yours. They were merged into it as "
                f"{brought.commit[:12]}, which is tested with the first change.\n"
            )
        case "clashing" | "outrun":
            _tell(theirs, into)


def _tell(theirs: Theirs, into: str) -> None:
    lacking = int(theirs.git("rev-list", "--count", "HEAD", f"^refs/heads/{into}"))
    if lacking:
        commits, name = counted(lacking, "commit"), visible(into)
        note(
            f"{name} lacks {commits} of what is checked out here, and agents begin without that. "
            f"`git merge {name} && git push . HEAD:{name}` brings both together.\n"
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
