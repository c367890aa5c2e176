"""The names of refs that are ours to write, and the refusal of all others."""

import re

from missioncontrol.domain.errors import Rejected

NAMESPACE = "refs/mission/"
BRANCHES = "refs/heads/mission/"
OURS = (NAMESPACE, BRANCHES)
KEPT = f"{NAMESPACE}kept/"
"""The final state of attempts."""

REPLACED = f"{NAMESPACE}replaced/"
"""What a branch of ours was before it was moved or deleted."""

WORD_CHARACTERS_MAX = 60

_UNFIT = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|\.(?:/|$)|/$",
)
"""What `git check-ref-format` refuses; a colon or a star would mean more to `git push`."""


def as_file_name(word: str) -> str:
    """Return `word` as part of a name that git and file systems take."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-")
    return cleaned[:WORD_CHARACTERS_MAX] or "x"


def kept_ref(run: str, step: str, attempt: int) -> str:
    """Return the ref under which the final state of an attempt is kept."""
    return f"{KEPT}{as_file_name(run)}/{as_file_name(step)}-{attempt}"


def replaced_ref(run: str, name: str) -> str:
    """Return the ref under which stays what a branch of ours was before `run` moved it."""
    return f"{REPLACED}{as_file_name(run)}/{as_file_name(name)}"


def is_fit(ref: str) -> bool:
    """Whether git takes `ref` as the whole name of a ref."""
    return not _UNFIT.search(ref)


def refuse_foreign(ref: str) -> None:
    """Refuse a ref that is not ours to write.

    Raises:
        Rejected: `refs.bad_name` or `refs.not_ours`.
    """
    if not ref.startswith(OURS):
        raise Rejected(
            "refs.not_ours",
            f"{ref!r} is not written: it is none of {', '.join(OURS)}.",
            hint="Name a branch that begins with `mission/`.",
        )
    if not is_fit(ref):
        raise Rejected(
            "refs.bad_name",
            f"{ref!r} is no name that git takes for a ref.",
            hint="Use letters, digits, `-`, `_` and single `/`.",
        )
