"""Signed acceptances as files of the repository, one for each spec: a pipeline has no event log."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from missioncontrol.domain.canonical import canonical
from missioncontrol.guard.specs import Acceptance, listed_digest

FOLDER = ".mission/accepted/"
NOTE = "Written by `mission guard accept`. An edit makes it void."

Verify = Callable[[bytes, str, str], bool]
"""Verifies a signature: content, public key, signature."""


class Signed(msgspec.Struct, frozen=True):
    """An acceptance with its signature."""

    accepted: Acceptance
    key: str  # the public key of a data directory, hexadecimal
    signature: str  # Ed25519, hexadecimal
    note: str = NOTE

    def counts(self, signers: Sequence[str], verify: Verify) -> bool:
        """Whether one of `signers` signed it as it is; any key counts where there are none."""
        files = self.accepted.files
        return (
            (not signers or self.key in signers)
            and (files is None or listed_digest(files) == self.accepted.covered)
            and verify(signed_part(self.accepted), self.key, self.signature)
        )


def path_of(spec: str) -> str:
    """Return the path of the acceptance file of a spec."""
    name = hashlib.sha256(spec.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return f"{FOLDER}{name}.json"


def signed_part(accepted: Acceptance) -> bytes:
    """Return the signed bytes: all but the list of files, which `covered` digests."""
    fields = msgspec.structs.asdict(msgspec.structs.replace(accepted, files=None))
    return b"missioncontrol.acceptance/1\n" + canonical(fields)


def text_of(signed: Signed) -> str:
    """Return the text of an acceptance file."""
    return (
        msgspec.json.format(msgspec.json.encode(signed, order="sorted"), indent=1).decode() + "\n"
    )


def read_all(texts: Mapping[str, str]) -> dict[str, Signed]:
    """Return the acceptances in files, by the path of the spec; unreadable files are skipped."""
    found: dict[str, Signed] = {}
    for path, text in texts.items():
        try:
            signed = msgspec.json.decode(text, type=Signed)
        except (msgspec.DecodeError, UnicodeEncodeError):
            continue
        if path_of(signed.accepted.spec) == path:
            found[signed.accepted.spec] = signed
    return found
