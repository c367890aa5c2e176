"""A command that the project names for itself, and what a run of it showed."""

from collections.abc import Mapping
from shlex import quote

import msgspec


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command of the project, and whether it was really run."""

    purpose: str
    command: str  # as a shell takes it, in the root of the repository
    source: str  # where the project says it
    verified: bool = False  # it was run before any change, and ended well
    fails: bool = False  # it was run before any change, and did not end well
    result: str = ""  # what the run showed, or why there was none, with the artifact that says so
    exit_code: int | None = None
    seconds: float | None = None
    environment: Mapping[str, str] = {}  # that it was run with
    evidence: str = ""  # the artifact and the place in it that tell of the run

    @property
    def line(self) -> str:
        """The command with its variables, to be typed as it stands."""
        before = [f"{name}={quote(value)}" for name, value in sorted(self.environment.items())]
        return " ".join([*before, self.command])

    @property
    def ran(self) -> bool:
        """Whether it was run to its end before any change, however it ended."""
        return self.verified or self.fails

    @property
    def passes(self) -> bool:
        """Whether it ended well before any change, so that it has to afterwards."""
        return self.verified and self.exit_code == 0
