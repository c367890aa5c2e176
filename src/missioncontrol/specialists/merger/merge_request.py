"""What is to be merged, and where: every name looked up, and refused before anything is done."""

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import BRANCHES
from missioncontrol.refs.names import check_writable
from missioncontrol.specialists.commits.borrowed_repository import Theirs
from missioncontrol.specialists.commits.step_scope import (
    bad_patterns,
    found_repository,
    named_commit,
)
from missioncontrol.specialists.merger.merge_tests import GateRules
from missioncontrol.specialists.signed_documents import departed
from missioncontrol.specialists.specialist import Agreed, Brief, repository_of

OURS = "mission/"


class Wanted(msgspec.Struct, frozen=True):
    """A merge that may be tried."""

    theirs: Theirs
    commit: str  # "" where nothing was changed
    base: str
    into: str  # the name of the branch
    message: str
    task: str
    scope: tuple[str, ...]
    gate: GateRules
    agreed: tuple[Agreed, ...]
    run: str
    step: str
    head: str = ""  # the commit of people that the branch is to have as well
    mend: bool = False
    accepted: str = ""  # the digest of the changes of tests that are accepted

    @property
    def ref(self) -> str:
        """The branch as git names it in full."""
        return f"refs/heads/{self.into}"

    def tip(self) -> str:
        """Return the commit that the branch names now; "" where there is none yet."""
        return self.theirs.commit(self.ref)

    def departed(self) -> tuple[str, ...]:
        """Return the documents that are not what the change was judged by any more."""
        return departed(self.theirs.path, self.agreed)


def wanted(brief: Brief) -> Wanted:
    """Return what the step asks for.

    Raises:
        AttemptFailed: `merger.no_repository`, `merger.bad_input`, `merger.bad_branch`,
            `merger.checked_out`, `merger.no_commit` or `merger.bad_base`.
    """
    what = brief.submitted
    root = repository_of(brief, "merger", "merge into").resolve()
    if what.commit is None or not what.base or not what.into:
        missing = next(n for n in ("commit", "base", "into") if not getattr(what, n))
        raise _bad(f"`{missing}` is missing.", "Give `commit`, `base` and `into`.")
    if unread := bad_patterns(what.scope):
        raise _bad(f"{unread[0]!r} is no pattern of `scope`.", "Write it as in `.gitignore`.")
    theirs = found_repository(root, "merger")
    refuse_branch(theirs, what.into)
    base = named_commit(theirs, what.base, "merger")
    commit = named_commit(theirs, what.commit, "merger") if what.commit else ""
    if commit and not _is_below(theirs, base, commit):
        raise AttemptFailed(
            "merger.bad_base",
            f"Commit {commit[:12]} was not made on {base[:12]}: what others did since would be "
            "reverted.",
            hint="Give the commit as `base` at which the builder began; it handed that back.",
            retryable=False,
        )
    return Wanted(
        theirs,
        commit,
        base,
        what.into,
        what.message,
        what.task,
        what.scope,
        GateRules(what.checks, frozenset(what.known_failures), what.untested),
        what.agreed,
        brief.run,
        brief.step,
        named_commit(theirs, what.head, "merger") if what.head else "",
        what.mend,
        what.accepted,
    )


def _bad(reason: str, hint: str) -> AttemptFailed:
    return AttemptFailed("merger.bad_input", reason, hint=hint, retryable=False)


def _is_below(theirs: Theirs, base: str, commit: str) -> bool:
    output = theirs.git("rev-list", "-1", base, f"^{commit}")
    return not output.strip()


def refuse_branch(theirs: Theirs, into: str) -> None:
    """Refuse a branch that nothing can be merged into as things are.

    Raises:
        AttemptFailed: `merger.bad_branch` or `merger.checked_out`.
    """
    if not into.startswith(OURS):
        raise AttemptFailed(
            "merger.bad_branch",
            f"{into[:200]!r} is a branch of a user, and nothing is merged into it here.",
            hint=f"Name one that begins with `{OURS}`, and merge that into yours when you like.",
            retryable=False,
        )
    try:
        check_writable(f"{BRANCHES}{into.removeprefix(OURS)}")
    except Rejected as error:
        code = "merger.bad_branch"
        raise AttemptFailed(code, error.reason, hint=error.hint, retryable=False) from None
    _refuse_other_kind(theirs, into)
    refuse_checked_out(theirs, into)


def _refuse_other_kind(theirs: Theirs, into: str) -> None:
    """Refuse a name that can't be a branch here: to say so after the tests would be late."""
    output = theirs.git("for-each-ref", "--format=%(refname)%00%(symref)", f"{BRANCHES}**")
    for line in output.decode("utf-8", "surrogateescape").splitlines():
        ref, _, goal = line.partition("\0")
        name = ref.removeprefix("refs/heads/")
        if name == into and goal:
            reason, hint = f"{into!r} stands for {goal!r}", f"`git symbolic-ref --delete {ref}`"
        elif name.startswith(f"{into}/") or into.startswith(f"{name}/"):
            reason, hint = f"There is a branch {name!r}, so none can be {into!r}", "Name another"
        else:
            continue
        raise AttemptFailed("merger.bad_branch", f"{reason}.", hint=f"{hint}.", retryable=False)


def refuse_checked_out(theirs: Theirs, into: str) -> None:
    """Refuse a branch that a work tree is on: its files would no longer be those of the branch.

    Raises:
        AttemptFailed: `merger.checked_out`.
    """
    output = theirs.git("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    place = ""
    for line in output.split("\0"):
        if line.startswith("worktree "):
            place = line.removeprefix("worktree ")
        if line == f"branch refs/heads/{into}":
            raise AttemptFailed(
                "merger.checked_out",
                f"{into!r} is checked out in {place!r}, so nothing is merged into it.",
                hint="Check out another branch there, such as by `git switch --detach`.",
                retryable=False,
            )
