"""The parts of a failure: a short sentence, the command, and its last output."""

import re

import msgspec

SENTENCE_MAX = 240

# As the agent `command` tells it. What was run may itself have backticks and full stops.
_RAN = re.compile(
    r"`(?P<command>.+)` (?P<sentence>(?:ended with exit status \d+|was ended by signal [^.]+?))"
    r" after (?P<seconds>[\d.,]+) s\.(?: (?P<said>.*))?",
    re.DOTALL,
)


class Reason(msgspec.Struct, frozen=True):
    """A reason in parts; what is not there is empty."""

    sentence: str  # short, without a full stop where it goes on from a name
    command: str = ""  # what was run, as far as it is stored
    said: str = ""  # its last words

    @property
    def is_of_a_command(self) -> bool:
        """Whether the sentence goes on from the name of the step: `check` "ended with …"."""
        return bool(self.command)


def parse_reason(reason: str) -> Reason:
    """Return a reason in parts; one that is of no command is a sentence as it is."""
    found = _RAN.fullmatch(reason.strip())
    if found is None:
        return Reason(reason.strip())
    output = " ".join((found["said"] or "").split())
    return Reason(found["sentence"], found["command"], output)


def without_commands(text: str) -> str:
    """Return a reason without the hint behind it that is for a terminal, as a halt keeps it."""
    return text.partition(" `mission ")[0]


def in_a_sentence(name: str, reason: str, *, more: str = "") -> str:
    """Return what became of a step, without the text of the command that it ran."""
    parts = parse_reason(reason)
    if parts.is_of_a_command:
        return f"{name}{more} {parts.sentence}."
    return f"{name}{more}. {sentence(parts.sentence)}"


def sentence(text: str) -> str:
    """Return a text as one sentence of bearable length."""
    line = " ".join(text.split())
    line = line if len(line) <= SENTENCE_MAX else line[: SENTENCE_MAX - 1].rstrip() + "…"
    return f"{line}." if line and line[-1].isalnum() else line
