"""Acceptances as files of the repository, one for each spec, signed: a pipeline has no log."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from missioncontrol.domain.canonical import canonical
from missioncontrol.guard.specs import Acceptance, listed_digest

FOLDER = ".mission/accepted/"
NOTE = "Written by `mission guard accept`. An edit makes it void."

Verify = Callable[[bytes, str, str], bool]
"""Tells whether a signature is one of some content: content, public key, signature."""


class Signed(msgspec.Struct, frozen=True):
    """An acceptance, and who vouches for it."""

    accepted: Acceptance
    key: str  # the public key of a home, hexadecimal
    signature: str  # Ed25519, hexadecimal
    note: str = NOTE

    def counts(self, signers: Sequence[str], verify: Verify) -> bool:
        """Tell whether it is as one of `signers` signed it; anybody, where there are none."""
        files = self.accepted.files
        return (
            (not signers or self.key in signers)
            and (files is None or listed_digest(files) == self.accepted.covered)
            and verify(signed_part(self.accepted), self.key, self.signature)
        )


def place_of(spec: str) -> str:
    """Return the path of the file that keeps the acceptance of a spec."""
    name = hashlib.sha256(spec.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return f"{FOLDER}{name}.json"


def signed_part(accepted: Acceptance) -> bytes:
    """Return what is signed: all but the list of files, for which `covered` stands."""
    fields = msgspec.structs.asdict(msgspec.structs.replace(accepted, files=None))
    return b"missioncontrol.acceptance/1\n" + canonical(fields)


def written(signed: Signed) -> str:
    """Return the file that keeps it."""
    return (
        msgspec.json.format(msgspec.json.encode(signed, order="sorted"), indent=1).decode() + "\n"
    )


def read(texts: Mapping[str, str]) -> dict[str, Signed]:
    """Return the acceptances in files, by the path of the spec; what can't be read is none."""
    found: dict[str, Signed] = {}
    for path, text in texts.items():
        try:
            signed = msgspec.json.decode(text, type=Signed)
        except (msgspec.DecodeError, UnicodeEncodeError):
            continue
        if place_of(signed.accepted.spec) == path:
            found[signed.accepted.spec] = signed
    return found
