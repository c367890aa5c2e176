"""Makes branches of what is kept, and removes what nobody needs any more."""

from collections.abc import Sequence
from pathlib import Path

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.refs.listing import Held
from missioncontrol.refs.names import NAMESPACE, is_fit
from missioncontrol.refs.program import git
from missioncontrol.refs.push import value_of, writable

AT_ONCE = 1_000


def branch(repository: Path, name: str, commit: str) -> None:
    """Make a branch of `commit`; nothing is checked out.

    Raises:
        Rejected: `refs.bad_name`, as `writable`, or `refs.checked_out` where a checkout waits for
            the first commit of a branch of this name.
        Conflict: `refs.branch_exists`.
        Unavailable: `refs.not_pushed`.
    """
    ref = f"refs/heads/{name}"
    if not is_fit(ref) or name.startswith("-") or name == "HEAD":
        raise Rejected("refs.bad_name", f"{name[:200]!r} is no name for a branch.")
    place = writable(repository)
    if value_of(place, ref):
        raise _exists(name, place)
    if f"branch {ref}\0" in git(place, "worktree", "list", "--porcelain", "-z").out:
        raise Rejected(
            "refs.checked_out",
            f"A checkout of {str(place)!r} is about to begin the branch {name!r}.",
            hint="Take another name.",
        )
    nothing = "0" * len(commit)
    asked = ("update-ref", "-m", "mission repo recover", "--no-deref", ref, commit, nothing)
    said = git(place, *asked, fine=range(256))
    if said.code and value_of(place, ref):
        raise _exists(name, place)
    if said.code:
        raise Unavailable(
            "refs.not_pushed", f"The branch {name!r} could not be made: {said.complaint}"
        )


def remove(repository: Path, found: Sequence[Held]) -> int:
    """Remove these refs, each only if it is as it was found; return how many.

    Raises:
        Rejected: as `writable`.
        Conflict: `refs.moved`; of the thousand that it was among, none is removed.
    """
    assert all(each.ref.startswith(NAMESPACE) for each in found)
    place = writable(repository)
    for begin in range(0, len(found), AT_ONCE):
        some = found[begin : begin + AT_ONCE]
        # One that stands for another is removed itself, and not what it stands for.
        lines = [f"option no-deref\ndelete {each.ref} {each.commit}\n" for each in some]
        said = git(place, "update-ref", "--stdin", stdin="".join(lines).encode(), fine=range(256))
        if said.code:
            raise Conflict(
                "refs.moved",
                f"{begin:,} are removed and no more, for git says: {said.complaint}",
                hint="`mission repo recover` lists what is there now.",
            )
    return len(found)


def _exists(name: str, place: Path) -> Conflict:
    return Conflict(
        "refs.branch_exists",
        f"There is a branch {name!r} in {str(place)!r} already.",
        hint="Take another name.",
    )
