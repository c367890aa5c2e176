"""The names of refs that Mission Control may write, and the refusal of all others."""

import re

from missioncontrol.domain.errors import Rejected

NAMESPACE = "refs/mission/"
BRANCHES = "refs/heads/mission/"
OURS = (NAMESPACE, BRANCHES)
ATTEMPTS = f"{NAMESPACE}kept/"
"""The final state of attempts."""

REPLACED = f"{NAMESPACE}replaced/"
"""The commits of our branches before a run moved or deleted them."""

WORD_CHARACTERS_MAX = 60

_INVALID = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|\.(?:/|$)|/$",
)
"""`git check-ref-format` refuses these; `git push` reads a colon or a star as syntax."""


def as_file_name(word: str) -> str:
    """Return `word` as part of a name that git and file systems accept."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-")
    return cleaned[:WORD_CHARACTERS_MAX] or "x"


def attempt_ref(run: str, step: str, attempt: int) -> str:
    """Return the ref that stores the final state of an attempt."""
    return f"{ATTEMPTS}{as_file_name(run)}/{as_file_name(step)}-{attempt}"


def replaced_ref(run: str, name: str) -> str:
    """Return the ref that stores the commit of a branch of ours before `run` moved it."""
    return f"{REPLACED}{as_file_name(run)}/{as_file_name(name)}"


def is_valid_ref(ref: str) -> bool:
    """Whether git accepts `ref` as the full name of a ref."""
    return not _INVALID.search(ref)


def check_writable(ref: str) -> None:
    """Refuse a ref that Mission Control does not own.

    Raises:
        Rejected: `refs.bad_name` or `refs.not_ours`.
    """
    if not ref.startswith(OURS):
        raise Rejected(
            "refs.not_ours",
            f"{ref!r} is not written: it does not begin with {' or '.join(OURS)}.",
            hint="Name a branch that begins with `mission/`.",
        )
    if not is_valid_ref(ref):
        raise Rejected(
            "refs.bad_name",
            f"git does not accept {ref!r} as the name of a ref.",
            hint="Use letters, digits, `-`, `_` and single `/`.",
        )
