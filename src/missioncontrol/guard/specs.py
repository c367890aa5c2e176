"""Specs: files that declare what they cover, and their acceptances, also as signed files."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from posixpath import dirname
from typing import Annotated, Any, Literal

import msgspec

from missioncontrol.domain.canonical import canonical
from missioncontrol.domain.errors import Rejected
from missioncontrol.guard.globs import bad_pattern, matches, matching
from missioncontrol.ports.changes import Listing

DAY = 86_400.0
COVERS_MAX = 200
FRONT_LINES_MAX = 400
NAMED_MAX = 5
LISTED_MAX = 2_000
"""Covered files that an acceptance lists one by one."""
State = Literal["current", "unaccepted", "unsigned", "rewritten", "moved_on", "old"]
"""Never accepted, or by no signature that counts; or its text or covered files changed since then,
or it was long ago.
"""
WORDS: Mapping[State, str] = {
    "current": "is current",
    "unaccepted": "was never accepted",
    "unsigned": "has no acceptance by a key that counts here",
    "rewritten": "was changed after it was accepted",
    "moved_on": "covers files that changed after it was accepted",
    "old": "was accepted long ago, and something near what it covers has moved since",
}
_ITEM = re.compile(r"( *)- ([A-Za-z_/][\w./*@+-]*) *", re.ASCII)
_OTHER = re.compile(r"[\w-]+:( [\w][\w ./,()'+-]*)?", re.ASCII)
_NO_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
"""Words that YAML reads as other types; so are numbers, which name no file."""
Patterns = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=500)], ...],
    msgspec.Meta(min_length=1, max_length=COVERS_MAX),
]
ACCEPTANCES_FOLDER = ".mission/accepted/"
ACCEPTANCES_NOTE = "Written by `mission guard accept`. An edit makes it void."
Verify = Callable[[bytes, str, str], bool]
"""Verifies a signature: content, public key, signature."""


class _Front(msgspec.Struct, frozen=True):
    """What stands between the two lines of dashes at the top."""

    covers: Patterns
    rules: tuple[str, ...] = ()


class Spec(msgspec.Struct, frozen=True):
    """A file that says what is to be built, and where."""

    path: str
    digest: str  # SHA-256 of its text
    covers: tuple[str, ...]  # patterns of files
    rules: tuple[str, ...] = ()  # for which of them it speaks; all where it is empty

    def speaks_of(self, rule: str, path: str) -> bool:
        """Tell whether it covers `path` for `rule`."""
        return (not self.rules or rule in self.rules) and matches(self.covers, path)


class Acceptance(msgspec.Struct, frozen=True):
    """A person's acceptance of a spec."""

    spec: str  # its path
    digest: str  # of the text they read
    covered: str  # digest of the covered files as they were
    near: str  # digest of everything in the same directories
    files: dict[str, str] | None  # the covered files, by path; None where there were too many
    at: float  # seconds since the epoch
    by: str
    reason: str = ""


class Judged(msgspec.Struct, frozen=True):
    """How a spec stands, and what changed."""

    spec: Spec
    state: State
    since: float = 0.0  # of its acceptance, seconds since the epoch
    changed: tuple[str, ...] = ()  # files, where that is why

    @property
    def words(self) -> str:
        """How it stands, with the files that say so."""
        named = ", ".join(self.changed[:NAMED_MAX])
        more = len(self.changed) - NAMED_MAX
        tail = f": {named}{f' and {more} more' if more > 0 else ''}" if named else ""
        return f"{WORDS[self.state]}{tail}"


def spec_of(path: str, text: str) -> Spec | None:
    """Read a spec; None where it does not say what it covers.

    Raises:
        Rejected: `guard.bad_spec`, where it tries to and can't be understood.
    """
    front = _front(text)
    if front is None:
        return None
    front_matter = _plain(front)
    front_matter = _loaded(path, front) if front_matter is None else front_matter
    if not isinstance(front_matter, dict) or "covers" not in front_matter:
        return None
    covers = front_matter["covers"]
    try:
        found = msgspec.convert(
            {**front_matter, "covers": [covers] if isinstance(covers, str) else covers}, _Front
        )
    except msgspec.ValidationError as error:
        raise _bad(path, str(error).replace("$.", "")) from None
    for pattern in found.covers:
        if bad_pattern(pattern):
            raise _bad(path, f"`covers` has {pattern!r}, which names no path")
    return Spec(path, digest_of(text), found.covers, found.rules)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def covered_by(spec: Spec, listing: Listing) -> dict[str, str]:
    """Return the files that `spec` covers."""
    return {path: listing.files[path] for path in matching(spec.covers, listing.files)}


def near_to(covered: Mapping[str, str], listing: Listing) -> dict[str, str]:
    """Return everything in the directories of what is covered."""
    folders = {dirname(path) for path in covered}
    return {path: name for path, name in listing.files.items() if dirname(path) in folders}


def listed_digest(files: Mapping[str, str]) -> str:
    """Return one digest for files and what is in them."""
    lines = "".join(f"{path}\0{name}\n" for path, name in sorted(files.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def accept(spec: Spec, listing: Listing, *, at: float, by: str, reason: str = "") -> Acceptance:
    """Return the acceptance of `spec` with files as in `listing`."""
    covered = covered_by(spec, listing)
    return Acceptance(
        spec.path,
        spec.digest,
        listed_digest(covered),
        listed_digest(near_to(covered, listing)),
        covered if len(covered) <= LISTED_MAX else None,
        at,
        by,
        reason,
    )


class Sides(msgspec.Struct, frozen=True):
    """The files before a change and with it, and what stood in single files in between."""

    base: Listing
    after: Listing
    between: Mapping[str, frozenset[str]] = {}  # names of contents by path; "" where it was gone

    def has_been(self, path: str, name: str) -> bool:
        """Tell whether `path` ever had this content; "" for no file."""
        ends = (self.base.files.get(path, ""), self.after.files.get(path, ""))
        return name in ends or name in self.between.get(path, ())


def judge(
    spec: Spec, accepted: Acceptance | None, sides: Sides, *, now: float, fresh_days: int
) -> Judged:
    """Return the state of a spec for a change.

    What was accepted in the midst of the change is as good as what was before it: a covered file
    has moved on where it never was, from the base to the end, as it was accepted.
    """
    if accepted is None:
        return Judged(spec, "unaccepted")
    if accepted.digest != spec.digest:
        return Judged(spec, "rewritten", accepted.at)
    ends = [covered_by(spec, sides.base), covered_by(spec, sides.after)]
    if accepted.files is None:
        if accepted.covered not in map(listed_digest, ends):
            return Judged(spec, "moved_on", accepted.at)
    else:
        known = accepted.files
        paths = sorted({*known, *ends[0]})
        moved = tuple(path for path in paths if not sides.has_been(path, known.get(path, "")))
        if moved:
            return Judged(spec, "moved_on", accepted.at, moved)
    is_old = now - accepted.at > fresh_days * DAY
    near = (near_to(end, side) for end, side in zip(ends, (sides.base, sides.after), strict=True))
    if is_old and accepted.near not in map(listed_digest, near):
        return Judged(spec, "old", accepted.at)
    return Judged(spec, "current", accepted.at)


def _front(text: str) -> str | None:
    lines = text.removeprefix("\ufeff").split("\n", FRONT_LINES_MAX + 1)
    if not lines or lines[0].rstrip() != "---":
        return None
    for at, line in enumerate(lines[1 : FRONT_LINES_MAX + 1], 1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:at])
    return None


def _plain(front: str) -> dict[str, list[str]] | None:
    """Read lists of plain words, as nearly all specs have them; None where it takes YAML.

    Thousands of specs are read before a commit, and a whole YAML reader is thirty times slower.
    """
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    indents: set[int] = set()
    for line in front.split("\n"):
        if line and line[0] not in " -":
            key, _, rest = line.partition(":")
            is_list = key in ("covers", "rules") and key not in found and not rest.strip()
            if not is_list and (key in ("covers", "rules") or not _OTHER.fullmatch(line)):
                return None
            here, indents = (found.setdefault(key, []) if is_list else None), set()
            continue
        item = _ITEM.fullmatch(line)
        if here is None or item is None or item[2].lower() in _NO_WORDS:
            return None
        indents.add(len(item[1]))
        if len(indents) > 1:
            return None  # What stands deeper belongs to the line above.
        here.append(item[2])
    return found


def _loaded(path: str, front: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(front)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 2}" if where else ""
        raise _bad(
            path,
            f"what stands between the dashes is no YAML{line}; put what begins with * in quotes",
        ) from None


def _bad(path: str, reason: str) -> Rejected:
    return Rejected(
        "guard.bad_spec",
        f"The spec {path} can't be used: {reason}.",
        hint="At its top it says, between two lines of ---, `covers:` with patterns of files.",
    )


class Signed(msgspec.Struct, frozen=True):
    """An acceptance with its signature."""

    accepted: Acceptance
    key: str  # the public key of a data directory, hexadecimal
    signature: str  # Ed25519, hexadecimal
    note: str = ACCEPTANCES_NOTE

    def counts(self, signers: Sequence[str], verify: Verify) -> bool:
        """Whether one of `signers` signed it as it is; any key counts where there are none."""
        files = self.accepted.files
        return (
            (not signers or self.key in signers)
            and (files is None or listed_digest(files) == self.accepted.covered)
            and verify(signed_part(self.accepted), self.key, self.signature)
        )


def acceptance_path(spec: str) -> str:
    """Return the path of the acceptance file of a spec."""
    name = hashlib.sha256(spec.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return f"{ACCEPTANCES_FOLDER}{name}.json"


def signed_part(accepted: Acceptance) -> bytes:
    """Return the signed bytes: all but the list of files, which `covered` digests."""
    fields = msgspec.structs.asdict(msgspec.structs.replace(accepted, files=None))
    return b"missioncontrol.acceptance/1\n" + canonical(fields)


def acceptance_text(signed: Signed) -> str:
    """Return the text of an acceptance file."""
    return (
        msgspec.json.format(msgspec.json.encode(signed, order="sorted"), indent=1).decode() + "\n"
    )


def read_acceptances(texts: Mapping[str, str]) -> dict[str, Signed]:
    """Return the acceptances in files, by the path of the spec; unreadable files are skipped."""
    found: dict[str, Signed] = {}
    for path, text in texts.items():
        try:
            signed = msgspec.json.decode(text, type=Signed)
        except (msgspec.DecodeError, UnicodeEncodeError):
            continue
        if acceptance_path(signed.accepted.spec) == path:
            found[signed.accepted.spec] = signed
    return found
