"""Keeps what an attempt left as a commit in the user's repository, whatever ended the attempt.

A note beside the tree says that it is to be kept, and as what. It is written before anybody works
there and removed once the commit is kept, and only then is the tree. So whoever finds a tree with
a note, also after `kill -9` in between any two of these steps, does the same again.
"""

import asyncio
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.leftovers import end_leftovers
from missioncontrol.adapters.worktrees.cleaning import Scrub, clean
from missioncontrol.adapters.worktrees.state import INDEX, State
from missioncontrol.adapters.worktrees.tree import Tree
from missioncontrol.domain.errors import Conflict, MissionControlError, Unavailable
from missioncontrol.ports.agent import Assignment, AttemptFailed
from missioncontrol.refs import attempt_ref, push
from missioncontrol.refs.git import ADDRESS, AUTHOR
from missioncontrol.refs.git import git as git_of_refs
from missioncontrol.refs.push import value_of, writable_directory

NOTE = "keep.json"
NAMES_MAX = 100
"""Of one attempt: an engine that was killed may have kept an earlier state of it."""

_SIGNED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", AUTHOR), ("EMAIL", ADDRESS))
}


class Note(msgspec.Struct, frozen=True):
    """What becomes of a tree at its end; it lies beside it."""

    repository: str  # a path
    base: str  # the full id of a commit; "" where the repository has none yet
    ref: str
    message: str


class Kept(msgspec.Struct, frozen=True):
    """A commit that is kept; both are "" where nothing was changed, so that nothing is."""

    commit: str  # its full id
    ref: str


NOTHING = Kept("", "")


def note_down(tree: Tree, repository: Path, assignment: Assignment) -> None:
    """Let what `assignment` leaves in `tree` be kept, come what may.

    Raises:
        AttemptFailed: `worktree.not_writable`. Nobody has worked there yet.
    """
    try:
        writable_directory(repository)
    except MissionControlError as error:
        raise AttemptFailed(
            "worktree.not_writable",
            f"Nothing could be kept in {str(repository)!r}: {error.reason}",
            hint=f"{error.hint} Or leave `keep` out.".strip(),
            retryable=False,
        ) from None
    ref = attempt_ref(assignment.run, assignment.step, assignment.attempt)
    note = Note(str(repository), tree.base, ref, _message(assignment))
    draft = tree.place / f"{NOTE}.draft"
    draft.write_bytes(msgspec.json.encode(note))
    draft.replace(tree.place / NOTE)


async def keep(place: Path, scrub: Scrub) -> Kept:
    """Keep the tree in `place` where a note says so; the note is gone afterwards.

    What is still at work in the tree is ended first, so that it holds still. Of the files that were
    changed, the commit has what `scrub` leaves.

    Raises:
        AttemptFailed: `worktree.not_kept`; tree and note are as they were.
    """
    try:
        note = msgspec.json.decode((place / NOTE).read_bytes(), type=Note)
    except FileNotFoundError:
        return NOTHING
    except (OSError, msgspec.DecodeError) as error:
        raise _not_kept(place, str(error)) from None
    await end_leftovers(place)
    try:
        kept = await _kept(place, note, scrub)
    except (AttemptFailed, MissionControlError) as error:
        raise _not_kept(place, error.reason) from None
    except OSError as error:
        raise _not_kept(place, error.strerror or str(error)) from None
    (place / NOTE).unlink(missing_ok=True)
    return kept


async def _kept(place: Path, note: Note, scrub: Scrub) -> Kept:
    tree = Tree(place / "tree", place / "tree", "", note.base, (), place / "own.git")
    if tree.path.is_symlink() or not tree.path.is_dir():
        return NOTHING  # Its agent has removed it, with all that was in it.
    state = await _state(tree)
    await clean(state, scrub)
    files = (await state.git("write-tree")).decode().strip()
    before = await state.git("rev-parse", "--verify", f"{state.base}^{{tree}}")
    if files == before.decode().strip():
        return NOTHING
    return await asyncio.to_thread(_pushed, note, tree.own, files)


async def _state(tree: Tree) -> State:
    """Return what `tree` holds, also where its agent took away the right to read it.

    It is seen through an index of its own: a git that was killed leaves the lock of the other, and
    one that was not may still write there.
    """
    index = f"index-{secrets.token_hex(4)}"
    known = tree.own / INDEX
    if known.exists():
        shutil.copyfile(known, tree.own / index)
    try:
        return await State.taken_in(tree, index)
    except AttemptFailed:
        await asyncio.to_thread(_make_readable, tree.path)
        return await State.taken_in(tree, index)


def _make_readable(path: Path) -> None:
    for directory, _, names in os.walk(path):
        with suppress(OSError):
            Path(directory).chmod(0o700)
        for name in names:
            file = Path(directory, name)
            with suppress(OSError):
                if not file.is_symlink():
                    file.chmod(file.stat().st_mode | 0o400)


def _pushed(note: Note, own: Path, files: str) -> Kept:
    """Put a commit of `files` under the first name that is free, unless one holds it already."""
    repository, commit = Path(note.repository), ""
    for number in range(1, NAMES_MAX + 1):
        ref = note.ref if number == 1 else f"{note.ref}.{number}"
        present = value_of(repository, ref)
        if present:
            if _is_that(repository, present, note, files):
                return Kept(present, ref)
            continue
        commit = commit or _committed(note, own, files)
        try:
            push(repository, own, commit, ref, "")
        except Conflict:
            continue  # Somebody has just taken the name.
        except Unavailable as error:
            # A process that was killed while it held a ref leaves a lock, which stays for ever.
            if ".lock" not in error.reason or "File exists" not in error.reason:
                raise
            continue
        return Kept(commit, ref)
    raise Unavailable("refs.not_pushed", f"{note.ref} and {NAMES_MAX} names after it are taken.")


def _committed(note: Note, own: Path, files: str) -> str:
    parents = ("-p", note.base) if note.base else ()
    asked = ("commit-tree", files, *parents, "-F", "-")
    stdin = note.message.encode("utf-8", "replace")
    more = {"GIT_DIR": str(own), **_SIGNED}
    return git_of_refs(own, *asked, variables=more, stdin=stdin).out.strip()


def _is_that(repository: Path, commit: str, note: Note, files: str) -> bool:
    """Whether `commit` was made by this note of these files: a push whose end nobody heard of."""
    said = git_of_refs(repository, "cat-file", "commit", commit, expected_codes=range(256)).out
    head, _, message = said.partition("\n\n")
    lines = head.split("\n")
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    is_same_place = lines[0] == f"tree {files}" and parents == ([note.base] if note.base else [])
    return is_same_place and message == note.message


def _message(assignment: Assignment) -> str:
    run, step, agent = (_line(w) for w in (assignment.run, assignment.step, assignment.agent))
    return (
        f"Keep what {agent} left of step {step}, attempt {assignment.attempt}\n\n"
        f"Mission-Run: {run}\nMission-Step: {step}\nMission-Attempt: {assignment.attempt}\n"
        f"Mission-Agent: {agent}\n"
    )


def _line(text: str) -> str:
    """Return `text` as it may stand in a trailer, which is one line of plain characters."""
    shown = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in shown).split()) or "?"


def _not_kept(place: Path, reason: str) -> AttemptFailed:
    return AttemptFailed(
        "worktree.not_kept",
        f"What was changed could not be kept: {reason.rstrip('.')}. It is still in "
        f"{str(place / 'tree')!r}.",
        hint="See to the cause: the next start of the engine keeps it, and then removes the tree.",
        retryable=False,
    )
