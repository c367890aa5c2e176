"""Finds the repository of a brief, or says what to do where there is none."""

from pathlib import Path

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief

HINT = (
    "Name a directory: --repo of a mission, `with: {repository: …}` of a step, "
    "or an input `repository` of its workflow."
)


def repository_of(brief: Brief, specialist: str, purpose: str) -> Path:
    """Return the directory in which `specialist` works; `purpose` completes “nothing to …”.

    Raises:
        AttemptFailed: `NAME.no_repository`.
    """
    code = f"{specialist}.no_repository"
    if brief.repository is None:
        reason = f"There is no repository to {purpose}."
        raise AttemptFailed(code, reason, hint=HINT, retryable=False)
    if not brief.repository.is_dir():
        reason = f"{str(brief.repository)!r} is no directory: there is nothing to {purpose}."
        raise AttemptFailed(code, reason, hint=HINT, retryable=False)
    return brief.repository
