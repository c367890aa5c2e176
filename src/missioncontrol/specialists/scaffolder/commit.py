"""Commits the changes of a step, once they are proven, on top of what the repository has."""

from pathlib import Path
from typing import Any

from missioncontrol.domain.building import DOUBTS, PATCH
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import IDENTITY
from missioncontrol.specialists.git import git, git_bytes
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Brief, Desk

TITLE_MAX = 72


def committed(brief: Brief, place: Path, desk: Desk) -> Work:
    """Apply the patch of the step `brief.commits` to the checkout, and commit it.

    The checkout has to be clean and at the commit that the patch was made for, so that what is
    committed is what was proven.

    Raises:
        AttemptFailed: `scaffolder.not_proven`, `scaffolder.moved`, `scaffolder.not_committed`.
    """
    _refuse_doubts(brief)
    built = brief.upstream.get(brief.commits)
    output = built.work.output if built is not None else None
    patch = built.files.get(PATCH) if built is not None else None
    base = str(output.get("base", "")) if isinstance(output, dict) else ""
    if patch is None or not base:
        raise AttemptFailed(
            "scaffolder.not_committed",
            f"Step {brief.commits!r} handed in no patch that could be committed.",
            retryable=False,
        )
    message = _message(brief)
    try:
        commit = git(place, "rev-parse", "HEAD").strip()
        tree = _tree(place, base, patch, desk.scratch)
        if git(place, "rev-parse", "HEAD^{tree}").strip() != tree:
            _refuse_moved(place, brief.commits, commit, base)
            commit = _commit(place, tree, base, message)
            _move_to(place, commit, brief.commits)
        return _done(place, commit, desk)
    except Unavailable as error:
        raise AttemptFailed(
            "scaffolder.not_committed",
            f"The changes of {brief.commits!r} could not be committed: {error.reason}",
        ) from error


def _commit(place: Path, tree: str, parent: str, message: str) -> str:
    more = dict(IDENTITY)
    asked = ("commit-tree", tree, "-p", parent, "-F", "-")
    return git_bytes(place, *asked, more=more, stdin=message.encode()).decode().strip()


def _move_to(place: Path, commit: str, key: str) -> None:
    """Move the checkout to `commit`; a file that git ignores stays, too, and refuses that."""
    try:
        git(place, "merge", "-q", "--ff-only", "--no-overwrite-ignore", commit)
    except Unavailable as error:
        raise AttemptFailed(
            "scaffolder.not_committed",
            f"The changes of {key!r} could not be committed: {error.reason}",
            hint="Move away the files that are named; then `mission runs retry RUN` commits it.",
            retryable=False,
        ) from error


def _refuse_doubts(brief: Brief) -> None:
    """Refuse to commit what a proof had doubts about."""
    for key, up in brief.upstream.items():
        doubt = next((each for each in up.work.findings if each.rule in DOUBTS), None)
        if doubt is not None:
            raise AttemptFailed(
                "scaffolder.not_proven",
                f"{key} could not prove the change: {doubt.title}.",
                hint=f"`mission runs retry RUN {brief.commits}` builds it again.",
                retryable=False,
            )


def _refuse_moved(place: Path, key: str, head: str, base: str) -> None:
    changed = git(place, "status", "--porcelain=v1", "-z").split("\0")[0]
    if head == base and not changed:
        return
    what = f"has changes in {changed[3:]}" if head == base else "has other commits"
    raise AttemptFailed(
        "scaffolder.moved",
        f"The repository {what} since the change was built, so it is not what was proven.",
        hint="Commit, undo or remove it, or name it in .gitignore; then "
        f"`mission runs retry RUN {key}` builds the task again on what is there.",
        retryable=False,
    )


def _tree(place: Path, base: str, patch: Path, scratch: Path) -> str:
    """Return the tree that `patch` makes of `base`, worked out beside the checkout."""
    more = {"GIT_INDEX_FILE": str(scratch / "index")}
    git_bytes(place, "read-tree", base, more=more)
    git_bytes(place, "apply", "--cached", "--whitespace=nowarn", str(patch), more=more)
    return git_bytes(place, "write-tree", more=more).decode().strip()


def _message(brief: Brief) -> str:
    plan = brief.plan
    tasks = plan.tasks() if plan is not None else ()
    task = next((each for each in tasks if each.key == brief.commits), None)
    if task is None:
        return f"Build {brief.commits}\n"
    title = " ".join(task.title.split())
    title = title if len(title) <= TITLE_MAX else f"{title[: TITLE_MAX - 1].rsplit(' ', 1)[0]}…"
    checks = "\n".join(f"- {' '.join(each.split())}" for each in task.acceptance)
    return f"{title}\n\n{' '.join(task.detail.split())}\n\n{checks}\n\nTask: {task.key}\n"


def _done(place: Path, commit: str, desk: Desk) -> Work:
    """Hand in all that the repository has since its skeleton."""
    first = git(place, "rev-list", "--max-parents=0", commit).split()[0]
    files = changed_files(place, first, commit)
    own = git(place, "diff-tree", "-r", "--name-only", f"{commit}^", commit).splitlines()
    summary = f"Commit {commit[:12]} with {counted(len(own), 'file')}."
    desk.log("success", summary)
    patch = desk.keep(
        PATCH,
        git_bytes(place, "diff", "--binary", first, commit, more={}),
        media_type="text/x-diff",
        title="What was built since the skeleton",
        obtained=f"`git diff --binary {first[:12]} {commit[:12]}`",
    )
    output = {"repository": str(place), "commit": commit, "base": first, "files": files}
    return Work(summary=summary, output=output, artifacts=(patch,))


def changed_files(place: Path, first: str, commit: str) -> list[dict[str, Any]]:
    """Return the files that differ between two commits, each with its counts of lines."""
    rows = git(place, "diff", "--numstat", "--no-renames", "-z", first, commit).split("\0")
    kinds = git(place, "diff", "--name-status", "--no-renames", "-z", first, commit).split("\0")
    changes = dict(zip(kinds[1::2], kinds[0::2], strict=False))
    words = {"A": "added", "D": "deleted"}
    found: list[dict[str, Any]] = []
    for row in filter(None, rows):
        added, deleted, path = row.split("\t", 2)
        change = words.get(changes.get(path, ""), "changed")
        counts = {"added": _number(added), "deleted": _number(deleted)}
        found.append({"path": path, "change": change, **counts})
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0  # `-` of a file that is no text
