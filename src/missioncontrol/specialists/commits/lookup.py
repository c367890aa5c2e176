"""Looks up the repository and the commits that a step names, and says what to do without them."""

from pathlib import Path

from missioncontrol.domain.errors import NotFound
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Theirs


def found(root: Path, who: str) -> Theirs:
    """Return the repository that the step names.

    Raises:
        AttemptFailed: `WHO.no_repository`.
    """
    try:
        return Theirs.found(root)
    except NotFound as error:
        raise AttemptFailed(
            f"{who}.no_repository", error.reason, hint=error.hint, retryable=False
        ) from None


def named(theirs: Theirs, name: str, who: str) -> str:
    """Return the full id of a commit.

    Raises:
        AttemptFailed: `WHO.no_commit`.
    """
    commit = theirs.commit(name)
    if commit:
        return commit
    raise AttemptFailed(
        f"{who}.no_commit",
        f"{str(theirs.path)!r} has no commit {name[:100]!r}.",
        hint="Give the id that the builder handed back; `mission repo recover` lists them.",
        retryable=False,
    )
