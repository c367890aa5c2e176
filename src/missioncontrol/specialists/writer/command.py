"""A command that the project names for itself, and what a run of it showed."""

import msgspec


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command of the project, and whether it was really run."""

    purpose: str
    command: str
    source: str  # where the project says it
    verified: bool = False
    result: str = ""  # what the run showed, with the artifact that says so
