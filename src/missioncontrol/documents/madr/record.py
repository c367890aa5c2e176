"""What reading the file of a decision came to."""

from typing import Literal

import msgspec

from missioncontrol.domain.decision import Status
from missioncontrol.domain.decision_text import DecisionText

Form = Literal["madr", "nygard", "unknown"]


class NotUnderstood(msgspec.Struct, frozen=True):
    """Something in a file that has no place in a decision, and what became of it."""

    line: int  # 1-based
    what: str
    kept: bool  # whether More Information holds it, word for word


class ReadDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of a decision, as far as it was understood."""

    file: str  # relative to where the files were looked for
    form: Form
    text: DecisionText
    status: Status
    date: str = ""
    number: int = 0  # as the name of the file says
    id: str = ""  # where the file was written from a log
    superseded_by: str = ""  # as the file says it: an id, a number or the name of a file
    supersedes: tuple[str, ...] = ()  # likewise
    mission: str = ""
    run: str = ""
    repository: str = ""
    source: str = ""
    tasks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


class NoDecision(msgspec.Struct, frozen=True):
    """A file that is none, and why."""

    file: str
    why: str
