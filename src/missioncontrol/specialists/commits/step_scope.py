"""What a step names: its repository, its commits, and the files within its scope."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from missioncontrol.domain.errors import NotFound
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Theirs

_WILD = re.compile(r"[*?\[]")


def outside(scope: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that no pattern names; without patterns, none is outside.

    A pattern that is the path itself, or a directory above it, names it whatever signs are in it:
    `app/[id]/page.tsx` is a file. One without `/` or wildcard means the top of the repository.
    """
    patterns = [each.strip().removeprefix("./") for each in scope if each.strip()]
    if not patterns:
        return []
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines([_anchored(each) for each in patterns])
    plain = {each.strip("/") for each in patterns}
    return [path for path in paths if not (_is_below(path, plain) or spec.match_file(path))]


def bad_patterns(scope: Iterable[str]) -> list[str]:
    """Return the patterns that can't be read, or that name nothing of the repository."""
    return [each for each in scope if ".." in each.split("/") or not _is_read(each.strip())]


def _is_read(pattern: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        read = GitIgnoreSpec.from_lines([_anchored(pattern)]).patterns if pattern else ()
    except ValueError:
        return False
    return any(each.include is not None for each in read)


def _anchored(pattern: str) -> str:
    is_word = "/" not in pattern.rstrip("/") and not _WILD.search(pattern)
    return f"/{pattern}" if is_word and pattern[0] not in "!#\\" else pattern


def _is_below(path: str, plain: set[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:count]) in plain for count in range(1, len(parts) + 1))


def found_repository(root: Path, who: str) -> Theirs:
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


def named_commit(theirs: Theirs, name: str, who: str) -> str:
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
