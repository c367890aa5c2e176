"""Saves the final state of an attempt as a commit in the user's repository, however it ended.

A note beside the tree requests the commit. It is written before the agent starts and removed once
the commit exists, and only then is the tree removed. So after `kill -9` at any point, the next
process that finds a tree with a note repeats the same steps.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.git import LIST_BYTES_MAX, PATCH_BYTES_MAX
from missioncontrol.adapters.orphans import end_leftovers
from missioncontrol.adapters.worktrees.tree import INDEX, SUBMODULE, Tree, TreeState
from missioncontrol.domain.errors import Conflict, MissionControlError, Unavailable
from missioncontrol.ports.agent import Assignment, AttemptFailed
from missioncontrol.refs import attempt_ref, push
from missioncontrol.refs.git import ADDRESS, AUTHOR
from missioncontrol.refs.git import git as git_of_refs
from missioncontrol.refs.push import value_of, writable_directory

Scrub = Callable[[str], str]
PORTION_BYTES = 16 * 1024 * 1024
"""Bytes read at once; a larger file is read alone."""
FILE_BYTES_MAX = PATCH_BYTES_MAX
"""A larger file is committed unchecked; a patch can't contain it either."""
NOTE = "keep.json"
NAMES_MAX = 100
"""Most refs of one attempt; a killed engine may have saved an earlier state of it."""
_SIGNED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", AUTHOR), ("EMAIL", ADDRESS))
}


class _Entry(msgspec.Struct, frozen=True):
    """A changed file in our index."""

    mode: str
    blob: str
    path: str
    size: int = 0


class Note(msgspec.Struct, frozen=True):
    """A request to save a tree, stored beside it."""

    repository: str  # a path
    base: str  # the full id of a commit; "" where the repository has none yet
    ref: str
    message: str


class SavedCommit(msgspec.Struct, frozen=True):
    """A saved commit; both are "" if there were no changes."""

    commit: str  # its full id
    ref: str


NOTHING = SavedCommit("", "")


def write_note(tree: Tree, repository: Path, assignment: Assignment) -> None:
    """Request that the final state of `tree` is saved.

    Raises:
        AttemptFailed: `worktree.not_writable`, before the agent starts.
    """
    try:
        writable_directory(repository)
    except MissionControlError as error:
        raise AttemptFailed(
            "worktree.not_writable",
            f"No commit can be saved in {str(repository)!r}: {error.reason}",
            hint=f"{error.hint} Or leave `keep` out.".strip(),
            retryable=False,
        ) from None
    ref = attempt_ref(assignment.run, assignment.step, assignment.attempt)
    note = Note(str(repository), tree.base, ref, _message(assignment))
    draft = tree.place / f"{NOTE}.draft"
    draft.write_bytes(msgspec.json.encode(note))
    draft.replace(tree.place / NOTE)


async def save_commit(place: Path, scrub: Scrub) -> SavedCommit:
    """Save the tree in `place` if a note requests it; then remove the note.

    End the processes in the tree first, so that it doesn't change. `scrub` removes secrets from the
    changed files in the commit.

    Raises:
        AttemptFailed: `worktree.not_kept`; tree and note are as they were.
    """
    try:
        note = msgspec.json.decode((place / NOTE).read_bytes(), type=Note)
    except FileNotFoundError:
        return NOTHING
    except (OSError, msgspec.DecodeError) as error:
        raise _not_saved(place, str(error)) from None
    await end_leftovers(place)
    try:
        saved = await _save(place, note, scrub)
    except (AttemptFailed, MissionControlError) as error:
        raise _not_saved(place, error.reason) from None
    except OSError as error:
        raise _not_saved(place, error.strerror or str(error)) from None
    (place / NOTE).unlink(missing_ok=True)
    return saved


async def _save(place: Path, note: Note, scrub: Scrub) -> SavedCommit:
    tree = Tree(place / "tree", place / "tree", "", note.base, (), place / "own.git")
    if tree.path.is_symlink() or not tree.path.is_dir():
        return NOTHING  # The agent has removed the tree.
    state = await _state(tree)
    await redact(state, scrub)
    files = (await state.git("write-tree")).decode().strip()
    before = await state.git("rev-parse", "--verify", f"{state.base}^{{tree}}")
    if files == before.decode().strip():
        return NOTHING
    return await asyncio.to_thread(_push, note, tree.own, files)


async def _state(tree: Tree) -> TreeState:
    """Return the state of `tree`, even if the agent removed read permissions."""
    # A separate index: a killed git leaves a lock on the other one, and a living git may still
    # write to it.
    index = f"index-{secrets.token_hex(4)}"
    known = tree.own / INDEX
    if known.exists():
        shutil.copyfile(known, tree.own / index)
    try:
        return await TreeState.read(tree, index)
    except AttemptFailed:
        await asyncio.to_thread(_make_readable, tree.path)
        return await TreeState.read(tree, index)


def _make_readable(path: Path) -> None:
    for directory, _, names in os.walk(path):
        with suppress(OSError):
            Path(directory).chmod(0o700)
        for name in names:
            file = Path(directory, name)
            with suppress(OSError):
                if not file.is_symlink():
                    file.chmod(file.stat().st_mode | 0o400)


def _push(note: Note, own: Path, files: str) -> SavedCommit:
    """Save a commit of `files` under the first free ref, unless a ref has the same already."""
    repository, commit = Path(note.repository), ""
    for number in range(1, NAMES_MAX + 1):
        ref = note.ref if number == 1 else f"{note.ref}.{number}"
        present = value_of(repository, ref)
        if present:
            if _is_that(repository, present, note, files):
                return SavedCommit(present, ref)
            continue
        commit = commit or _committed(note, own, files)
        try:
            push(repository, own, commit, ref, "")
        except Conflict:
            continue  # Another process has just created this ref.
        except Unavailable as error:
            # A process that was killed while it held a ref leaves a lock file for ever.
            if ".lock" not in error.reason or "File exists" not in error.reason:
                raise
            continue
        return SavedCommit(commit, ref)
    raise Unavailable("refs.not_push", f"{note.ref} and {NAMES_MAX} names after it are in use.")


def _committed(note: Note, own: Path, files: str) -> str:
    parents = ("-p", note.base) if note.base else ()
    arguments = ("commit-tree", files, *parents, "-F", "-")
    stdin = note.message.encode("utf-8", "replace")
    variables = {"GIT_DIR": str(own), **_SIGNED}
    return git_of_refs(own, *arguments, variables=variables, stdin=stdin).out.strip()


def _is_that(repository: Path, commit: str, note: Note, files: str) -> bool:
    """Whether `commit` is the result of an earlier, interrupted push of the same note and files."""
    output = git_of_refs(repository, "cat-file", "commit", commit, expected_codes=range(256)).out
    head, _, message = output.partition("\n\n")
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
    """Return `text` in one line of printable characters, as a trailer needs."""
    shown = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in shown).split()) or "?"


def _not_saved(place: Path, reason: str) -> AttemptFailed:
    return AttemptFailed(
        "worktree.not_kept",
        f"The changes could not be saved as a commit: {reason.rstrip('.')}. They are still in "
        f"{str(place / 'tree')!r}.",
        hint="Resolve the cause: the next start of the engine saves them, and removes the tree.",
        retryable=False,
    )


async def redact(state: TreeState, scrub: Scrub) -> None:
    """Replace changed files with secrets in our index by files without them.

    Raises:
        AttemptFailed: `worktree.failed`.
    """
    entries = await _changed(state)
    lines: list[bytes] = []
    for portion in _portions(entries):
        ids = "".join(f"{each.blob}\n" for each in portion).encode()
        room = sum(each.size for each in portion) + LIST_BYTES_MAX
        output = await state.git("cat-file", "--batch", stdin=ids, bytes_max=room)
        for each, content in await asyncio.to_thread(_redacted, portion, output, scrub):
            made = await state.git("hash-object", "-w", "--stdin", stdin=content)
            head = f"{each.mode} {made.decode().strip()}\t{each.path}\0"
            lines.append(head.encode("utf-8", "surrogateescape"))
    if lines:
        await state.git("update-index", "-z", "--index-info", stdin=b"".join(lines))


async def _changed(state: TreeState) -> list[_Entry]:
    """Return the existing files that differ from the base, with their sizes."""
    options = ("--cached", "--no-renames", "--raw", "--no-abbrev", "-z", "--ignore-submodules=all")
    raw = (await state.git("diff-index", *options, state.base)).decode("utf-8", "surrogateescape")
    parts = raw.split("\0")
    found: list[_Entry] = []
    for head, path in zip(parts[0::2], parts[1::2], strict=False):
        _, mode, _, blob, letter = head.lstrip(":").split(" ")
        if letter != "D" and mode != SUBMODULE:
            found.append(_Entry(mode, blob, path))
    ids = "".join(f"{each.blob}\n" for each in found).encode()
    sizes = (await state.git("cat-file", "--batch-check=%(objectsize)", stdin=ids)).split()
    return [
        msgspec.structs.replace(each, size=int(size))
        for each, size in zip(found, sizes, strict=True)
    ]


def _portions(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    portion: list[_Entry] = []
    size = 0
    for each in entries:
        if each.size > FILE_BYTES_MAX:
            continue
        if portion and size + each.size > PORTION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += each.size
    if portion:
        yield portion


def _redacted(portion: list[_Entry], output: bytes, scrub: Scrub) -> list[tuple[_Entry, bytes]]:
    """Return the files with secrets, redacted; `output` is that of `cat-file --batch`."""
    found: list[tuple[_Entry, bytes]] = []
    place = 0
    for each in portion:
        place = output.index(b"\n", place) + 1
        content = output[place : place + each.size].decode("utf-8", "surrogateescape")
        place += each.size + 1
        if (without := scrub(content)) != content:
            found.append((each, without.encode("utf-8", "surrogateescape")))
    return found
