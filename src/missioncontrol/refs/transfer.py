"""Moves commits between machines: packs one, verifies a pack that arrives and stores its commit.

A pack names no refs, so that the receiver alone chooses the name of the commit here.
"""

import re
import tempfile
from pathlib import Path

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.refs.git import git
from missioncontrol.refs.push import push, value_of, writable_directory

PACK_BYTES_MAX = 64 * 1024 * 1024
NAMES_MAX = 100
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def pack_commit(repository: Path, commit: str, base: str) -> bytes:
    """Return the objects that `commit` has over `base` ("": all of them) as a pack.

    Raises:
        Rejected: `refs.too_large`.
        Unavailable: as `git`.
    """
    wanted = f"{commit}\n" + (f"^{base}\n" if base else "")
    command = ("pack-objects", "--revs", "--thin", "--stdout", "-q")
    result = git(repository, *command, stdin=wanted.encode()).out
    pack = result.encode("utf-8", "surrogateescape")
    refuse_large(pack)
    return pack


def refuse_large(pack: bytes) -> None:
    """Refuse a pack that is too large for one change.

    Raises:
        Rejected: `refs.too_large`.
    """
    if len(pack) > PACK_BYTES_MAX:
        raise Rejected(
            "refs.too_large",
            f"The commit has {len(pack):,} bytes; at most {PACK_BYTES_MAX:,} are transferred.",
            hint="Keep large files out of the change.",
        )


def import_commit(repository: Path, pack: bytes, commit: str, base: str, ref: str) -> str:
    """Store `commit`, made on `base`, from the objects in `pack`; return the name of its ref.

    That is `ref`, or where another commit has it, `ref.2` and so on. Nothing happens where one of
    these names `commit` already. A `base` of "" allows any commit of this repository.

    Raises:
        Rejected: `refs.too_large`, `refs.bad_commit`, or as `writable_directory`; nothing is
            written.
        Unavailable: as `push`.
    """
    refuse_large(pack)
    directory = writable_directory(repository)
    if not _ID.fullmatch(commit):
        raise _bad(f"{commit[:80]!r} is no id of a commit")
    with tempfile.TemporaryDirectory(prefix="mission-arriving-") as scratch:
        own = Path(scratch) / "own.git"
        is_verified = False
        for number in range(1, NAMES_MAX + 1):
            name = ref if number == 1 else f"{ref}.{number}"
            present = value_of(repository, name)
            if present == commit:
                return name
            if present:
                continue
            if not is_verified:
                _verify(directory, own, pack, commit, base)
                is_verified = True
            try:
                push(repository, own, commit, name, "")
            except Conflict:
                continue  # Another process has just used the name.
            return name
    raise Unavailable("refs.not_pushed", f"{ref} and {NAMES_MAX} names after it are in use.")


def _verify(directory: Path, own: Path, pack: bytes, commit: str, base: str) -> None:
    """Unpack into `own`, a scratch repository, and refuse all but one sound commit on `base`."""
    form = git(directory, "rev-parse", "--show-object-format").out.strip()
    command = ("init", "-q", "--bare", "--template=", f"--object-format={form}", str(own))
    git(own.parent, *command)
    alternates = own / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_bytes(_alternates_line(str(directory / "objects")))
    strict = ("index-pack", "--strict", "--fix-thin", f"--max-input-size={PACK_BYTES_MAX}")
    result = git(own, *strict, "--stdin", stdin=pack, expected_codes=range(-64, 256))
    if result.code:
        raise _bad(f"Its objects are not sound: {result.error}")
    parents = git(
        own, "rev-parse", "--verify", "-q", f"{commit}^{{commit}}", expected_codes=range(256)
    )
    if parents.code or parents.out.strip() != commit:
        raise _bad(f"The pack has no commit {commit}")
    bases = git(own, "rev-parse", f"{commit}^@").out.split()
    here = [each for each in bases if value_of(directory, f"{each}^{{commit}}")]
    if len(bases) != 1 or here != bases or base not in ("", bases[0]):
        on = ", ".join(bases) or "nothing"
        raise _bad(f"{commit} was made on {on}, and {base or 'a commit of here'} was expected")


def _alternates_line(path: str) -> bytes:
    """Return a path as a line of git's list of alternates."""
    if path.startswith('"') or "\n" in path:
        escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        path = f'"{escaped}"'
    return f"{path}\n".encode("utf-8", "surrogateescape")


def _bad(why: str) -> Rejected:
    return Rejected(
        "refs.bad_commit",
        f"The commit of another machine is refused: {why}.",
        hint="Nothing was written. Check the machine that sent it before it works on.",
    )
