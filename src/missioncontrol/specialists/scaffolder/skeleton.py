"""Writes the skeleton of a product as the first commit of a new repository."""

import hashlib
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import IDENTITY
from missioncontrol.specialists.git import git, git_bytes
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.scaffolding import ScaffoldStack, made_of, scaffold
from missioncontrol.specialists.scaffolding.blueprint import Blueprint, blueprint
from missioncontrol.specialists.scaffolding.documents import commands
from missioncontrol.specialists.specialist import Desk

BRANCH = "main"
HOW = "written from the design of the plan"


def written(plan: Plan, place: Path, desk: Desk) -> Work:
    """Write every file of the scaffold to `place`, and commit them.

    A directory that holds nothing but files of this very scaffold is completed, as an attempt
    before may have ended half way. A repository that began with it is left as it is.

    Raises:
        AttemptFailed: `scaffolder.not_empty`, `scaffolder.not_written`, or as `scaffold`.
    """
    stack = plan.design.scaffold if plan.design else None
    assert stack, "the plan creates a repository"
    try:
        product = blueprint(plan)
        files = scaffold(plan, stack)
    except Rejected as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None
    try:
        _repair(place)
        commit = _began_with(place, files)
        if commit:
            desk.log("info", f"{place} began with this skeleton, and is at {commit[:12]}")
        else:
            desk.log("info", f"writing {counted(len(files), 'file')} to {place}")
            _refuse_other_files(place, files)
            for path, text in files.items():
                target = place / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
            commit = _first_commit(place, product)
    except (OSError, Unavailable) as error:
        reason = error.strerror if isinstance(error, OSError) else error.reason
        raise AttemptFailed(
            "scaffolder.not_written",
            f"The repository could not be written to {str(place)!r}: {reason}.",
            hint="Make the directory writable, or name another one with --repo.",
        ) from error
    return _handed_in(product, stack, files, place, commit, desk)


def _repair(place: Path) -> None:
    """Complete a `.git` that a killed attempt left: git would use a repository around it."""
    inside = place / ".git"
    if inside.is_dir() and not all(
        (inside / name).exists() for name in ("HEAD", "objects", "refs")
    ):
        _init(place)


def _init(place: Path) -> None:
    git(place, "init", "-q", "--template=", f"--initial-branch={BRANCH}", ".")


def _began_with(place: Path, files: Mapping[str, str]) -> str:
    """Return the newest commit of a repository whose first commit is this scaffold; else ""."""
    if not (place / ".git").exists():
        return ""
    first = git(place, "rev-list", "--max-parents=0", "--all", "--max-count=2").split()
    if len(first) != 1:
        return ""
    names = git(place, "ls-tree", "-r", "-z", "--format=%(objectname) %(path)", first[0])
    there = {row.partition(" ")[2]: row.partition(" ")[0] for row in names.split("\0") if row}
    if there.keys() != files.keys() or any(there[p] != _blob(files[p]) for p in files):
        return ""
    return git(place, "rev-parse", "HEAD").strip()


def _blob(text: str) -> str:
    """Return the name that git gives the content of a file."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _refuse_other_files(place: Path, files: Mapping[str, str]) -> None:
    """Refuse a directory that holds anything but a part of the scaffold, or commits."""
    place.mkdir(parents=True, exist_ok=True)
    if (place / ".git").exists() and git(place, "rev-list", "--all", "--max-count=1").strip():
        raise _not_empty(place, "commits of its own")
    if (place / ".git" / "info" / "attributes").exists():
        raise _not_empty(place, ".git/info/attributes")  # It can name programs that git starts.
    for top, names, here in os.walk(place):
        if Path(top) == place and ".git" in names:
            names.remove(".git")
        links = [name for name in names if (Path(top) / name).is_symlink()]
        for name in (*here, *links):
            path = Path(top) / name
            text = files.get(path.relative_to(place).as_posix())
            # A killed attempt leaves the beginning of a file.
            if text is None or path.is_symlink() or not text.encode().startswith(path.read_bytes()):
                raise _not_empty(place, path.relative_to(place).as_posix())


def _not_empty(place: Path, name: str) -> AttemptFailed:
    return AttemptFailed(
        "scaffolder.not_empty",
        f"{str(place)!r} is not empty: it has {name}, and no part of this scaffold.",
        hint="Name a directory that does not exist yet with --repo.",
        retryable=False,
    )


def _first_commit(place: Path, product: Blueprint) -> str:
    """Commit everything as the first commit; return its id."""
    if not (place / ".git").exists():
        _init(place)
    (place / ".git" / "index.lock").unlink(missing_ok=True)  # Of an attempt that was killed.
    more = dict(IDENTITY)
    git_bytes(place, "add", "--all", ".", more=more)
    message = f"Create {product.title}\n\n{product.summary.strip()}\n"
    git_bytes(
        place,
        "commit",
        "-q",
        "--no-verify",
        "--no-gpg-sign",
        "--file=-",
        more=more,
        stdin=message.encode(),
    )
    return git(place, "rev-parse", "HEAD").strip()


def _handed_in(
    product: Blueprint,
    stack: ScaffoldStack,
    files: Mapping[str, str],
    place: Path,
    commit: str,
    desk: Desk,
) -> Work:
    works = [each for each in product.actions if each.verb != "act"]
    left = [each for each in product.actions if each.verb == "act"]
    how = commands(product, stack)
    data: dict[str, Any] = {
        "stack": stack,
        "repository": str(place),
        "commit": commit,
        "files": sorted(files),
        "tables": [each.name for each in product.tables],
        "works": [each.title for each in works],
        "not_built": [each.title for each in left],
        "install": how.install,
        "start": how.start,
    }
    summary = (
        f"“{product.title}”, {made_of(product.design, stack)}: {counted(len(files), 'file')}, "
        f"{counted(len(product.tables), 'table')}, {counted(len(works), 'operation')} that "
        f"{'works' if len(works) == 1 else 'work'}, {len(left)} to build."
    )
    desk.log("success", summary)
    lines = [
        f"# {product.title}",
        f"{summary} Commit `{commit[:12]}`.",
        f"```sh\ncd {shlex.quote(str(place))}\n{data['install']}\n{data['start']}\n```",
        "## Files\n\n" + "\n".join(f"- `{path}`" for path in sorted(files)),
    ]
    if product.not_started:
        rows = (f"- `{name}`: {why}" for name, why in product.not_started)
        lines.append("## Not started\n\n" + "\n".join(rows))
    artifacts = (
        desk.keep(
            "scaffold.json",
            msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n",
            media_type="application/json",
            title="What the repository has",
            obtained=HOW,
        ),
        desk.keep(
            "scaffold.md",
            "\n\n".join(lines) + "\n",
            media_type="text/markdown",
            title="The repository",
            obtained=HOW,
        ),
    )
    output = {"repository": str(place), "commit": commit, "base": "", "files": []}
    return Work(summary=summary, output=output, artifacts=artifacts)
