"""Takes in a commit that was made on another machine: looked at first, then under a ref of ours.

It travels as a pack, which names no refs: what it is called here is nothing that its sender says.
"""

import re
import tempfile
from pathlib import Path

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.refs.program import git
from missioncontrol.refs.push import push, value_of, writable

PACK_BYTES_MAX = 64 * 1024 * 1024
NAMES_MAX = 100
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def packed(repository: Path, commit: str, base: str) -> bytes:
    """Return the objects that `commit` has over `base` ("": all of them) as a pack.

    Raises:
        Rejected: `refs.too_large`.
        Unavailable: as `git`.
    """
    wanted = f"{commit}\n" + (f"^{base}\n" if base else "")
    asked = ("pack-objects", "--revs", "--thin", "--stdout", "-q")
    said = git(repository, *asked, stdin=wanted.encode()).out
    pack = said.encode("utf-8", "surrogateescape")
    refuse_large(pack)
    return pack


def refuse_large(pack: bytes) -> None:
    """Refuse what is too much for one change.

    Raises:
        Rejected: `refs.too_large`.
    """
    if len(pack) > PACK_BYTES_MAX:
        raise Rejected(
            "refs.too_large",
            f"The commit takes {len(pack):,} bytes; {PACK_BYTES_MAX:,} may travel.",
            hint="Keep large files out of the change.",
        )


def arrived(repository: Path, pack: bytes, commit: str, base: str, ref: str) -> str:
    """Keep `commit`, made on `base`, of which `pack` has the objects; return the name of its ref.

    That is `ref`, or where another commit has it, `ref.2` and so on. Where `commit` is under one
    of these already, nothing happens. A `base` of "" may be any commit that is here.

    Raises:
        Rejected: `refs.too_large`, `refs.bad_commit`, or as `writable`; nothing is written.
        Unavailable: as `push`.
    """
    refuse_large(pack)
    place = writable(repository)
    if not _ID.fullmatch(commit):
        raise _bad(f"{commit[:80]!r} is no id of a commit")
    with tempfile.TemporaryDirectory(prefix="mission-arriving-") as scratch:
        own = Path(scratch) / "own.git"
        looked_at = False
        for number in range(1, NAMES_MAX + 1):
            name = ref if number == 1 else f"{ref}.{number}"
            present = value_of(repository, name)
            if present == commit:
                return name
            if present:
                continue
            if not looked_at:
                _look_at(place, own, pack, commit, base)
                looked_at = True
            try:
                push(repository, own, commit, name, "")
            except Conflict:
                continue  # Somebody has just taken the name.
            return name
    raise Unavailable("refs.not_pushed", f"{ref} and {NAMES_MAX} names after it are taken.")


def _look_at(place: Path, own: Path, pack: bytes, commit: str, base: str) -> None:
    """Unpack into `own`, a repository apart, and refuse what is not one sound commit on `base`."""
    form = git(place, "rev-parse", "--show-object-format").out.strip()
    asked = ("init", "-q", "--bare", "--template=", f"--object-format={form}", str(own))
    git(own.parent, *asked)
    lenders = own / "objects" / "info" / "alternates"
    lenders.parent.mkdir(exist_ok=True)
    lenders.write_bytes(_written(str(place / "objects")))
    strict = ("index-pack", "--strict", "--fix-thin", f"--max-input-size={PACK_BYTES_MAX}")
    said = git(own, *strict, "--stdin", stdin=pack, fine=range(-64, 256))
    if said.code:
        raise _bad(f"Its objects are not sound: {said.complaint}")
    parents = git(own, "rev-parse", "--verify", "-q", f"{commit}^{{commit}}", fine=range(256))
    if parents.code or parents.out.strip() != commit:
        raise _bad(f"The pack has no commit {commit}")
    begun = git(own, "rev-parse", f"{commit}^@").out.split()
    here = [each for each in begun if value_of(place, f"{each}^{{commit}}")]
    if len(begun) != 1 or here != begun or base not in ("", begun[0]):
        on = ", ".join(begun) or "nothing"
        raise _bad(f"{commit} was made on {on}, and {base or 'a commit of here'} was expected")


def _written(path: str) -> bytes:
    """Write a path as git reads one in its list of lenders."""
    if path.startswith('"') or "\n" in path:
        escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        path = f'"{escaped}"'
    return f"{path}\n".encode("utf-8", "surrogateescape")


def _bad(why: str) -> Rejected:
    return Rejected(
        "refs.bad_commit",
        f"A commit of another machine is not taken in. {why}.",
        hint="Nothing was written. Look at the machine that sent it before it works again.",
    )
