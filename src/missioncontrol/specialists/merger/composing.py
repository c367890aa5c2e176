"""Composes a change with what its branch has become since: a commit of ours, or conflicts."""

import msgspec

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import changed_files
from missioncontrol.specialists.commits.step_scope import outside
from missioncontrol.specialists.merger.conflicts import Conflict, conflicts_in
from missioncontrol.specialists.merger.merge_request import Wanted
from missioncontrol.specialists.merger.trailers import message_of


class Composed(msgspec.Struct, frozen=True):
    """The change on top of the branch, as one commit that no repository has yet."""

    onto: str  # what the branch names
    commit: str
    rebased: bool
    ground: str  # what it was composed with: `onto`, with the commits of people it is to have
    fork: str  # where the change began


class Same(msgspec.Struct, frozen=True):
    """Nothing would be different."""

    onto: str
    is_empty: bool  # the change itself changes nothing; else the branch has it all already


class Clashing(msgspec.Struct, frozen=True):
    """It cannot be put on top as it is."""

    onto: str
    conflicts: tuple[Conflict, ...]


class Straying(msgspec.Struct, frozen=True):
    """It changes files that it may not."""

    onto: str
    paths: tuple[str, ...]


def composed(
    lent: Lent, what: Wanted, onto: str, ground: str = ""
) -> Composed | Same | Clashing | Straying:
    """Put the change on top of the branch, which names `onto`.

    The change is all that its commit has over what it shares with the branch. So it counts as a
    whole however many attempts it took, and what others did meanwhile is no part of it.

    A `ground` is the branch with commits of people that it lacks. Change and ground become one
    commit then, so that no commit of ours is red where only the change makes it green.
    """
    ground = ground or onto
    fork = _fork(lent, what, ground)
    if lent.tree(fork) == lent.tree(what.commit):
        return Same(onto, is_empty=lent.tree(what.base) == lent.tree(what.commit))
    paths = [e for each in changed_files(lent, fork, what.commit) for e in (each.path, each.was)]
    if strays := outside(what.scope, dict.fromkeys(paths)):
        return Straying(onto, tuple(strays))
    if fork == ground:
        tree = lent.tree(what.commit)
    else:
        merged = _merged(lent, what, fork, ground)
        if isinstance(merged, Clashing):
            return merged
        tree = merged
    if tree == lent.tree(ground):
        return Same(onto, is_empty=False)
    parents = [ground] if ground in (onto, what.head) else [onto, what.head]
    commit = lent.made(tree, parents[0], message_of(lent, what), *parents[1:])
    return Composed(onto, commit, fork != ground, ground, fork)


def _fork(lent: Lent, what: Wanted, ground: str) -> str:
    """Return the commit at which the change began, as far as the branch has it.

    A change that mends a branch began at a composition that the branch does not have.
    """
    if what.mend and lent.text("rev-list", "-1", what.base, f"^{ground}"):
        return what.base
    return lent.text("merge-base", ground, what.commit, fine=(0, 1)) or what.base


def _merged(lent: Lent, what: Wanted, fork: str, onto: str) -> str | Clashing:
    """Return the tree of a merge of three: what both began with, and what became of it.

    This git takes no base for a merge of trees, so three commits of ours say which one it is; and
    two refs of ours give the sides names that people know, in the marks of conflicts.
    """
    begun = lent.made(lent.tree(fork), "", "base")
    ours = lent.made(lent.tree(onto), begun, "ours")
    change = lent.made(lent.tree(what.commit), begun, "change")
    lent.git("update-ref", f"refs/heads/{what.into}", ours)
    lent.git("update-ref", "refs/heads/this-change", change)
    as_attributed(lent, onto)
    asked = ("merge-tree", "--write-tree", "-z", "--messages", what.into, "this-change")
    output = lent.git(*asked, fine=(0, 1)).decode("utf-8", "surrogateescape")
    tree, _, rest = output.partition("\0")
    found = conflicts_in(lent, what, rest, tree, fork, onto)
    return Clashing(onto, found) if found else tree


def as_attributed(lent: Lent, commit: str) -> None:
    """Make merges in `lent` follow what `commit` declares of its files.

    A list that says `merge=union` takes both sides. Drivers are nowhere set, so none is started.
    """
    attributes = lent.git("cat-file", "blob", f"{commit}:.gitattributes", fine=(0, 128))
    (lent.path / "info").mkdir(exist_ok=True)
    (lent.path / "info" / "attributes").write_bytes(attributes)
