"""Commands as a person types them: with the variables that they were run with."""

from collections.abc import Mapping, Sequence
from shlex import join, quote
from typing import Any


def typed(command: str, environment: object) -> str:
    """Return a command with its variables before it; what is no mapping of them adds nothing."""
    known = environment if isinstance(environment, Mapping) else {}
    before = [f"{name}={quote(str(value))}" for name, value in sorted(known.items())]
    return " ".join([*before, command])


def environment_of(command: Sequence[str], output: object) -> Mapping[str, Any]:
    """Return the variables that a tester, whose output this is, ran a command with."""
    commands = output.get("commands") if isinstance(output, dict) else None
    for each in commands if isinstance(commands, list) else ():
        words = each.get("command") if isinstance(each, dict) else None
        if isinstance(words, list | tuple) and [*map(str, words)] == [*command]:
            found = each.get("environment")
            return found if isinstance(found, dict) else {}
    return {}


def typed_words(command: Sequence[str], output: object) -> str:
    """Return the words of a command, quoted, with what a tester says it was run with."""
    return typed(join(command), environment_of(command, output))
