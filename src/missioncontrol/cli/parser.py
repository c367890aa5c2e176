"""Reads one command line, and says what is wrong with it as people would."""

import argparse
import re
from typing import Any, NoReturn

from missioncontrol.cli.exit_codes import BAD_INPUT


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the whole usage before it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take options by their whole name only: a shortened one would clash with a later one."""
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        said = _in_words(message)
        self.exit(BAD_INPUT, f"{self.prog}: {said}. `{self.prog} --help` tells more.\n")


def _in_words(message: str) -> str:
    """Return what the library says about a command line as people would say it."""
    match re.fullmatch(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)", message):
        case re.Match() as found:
            name, given, choices = found.groups()
            return f"{name} is {given}; it must be one of {choices.replace(chr(39), '')}"
    if message.startswith("the following arguments are required: "):
        return f"{message.partition(': ')[2]} is missing"
    return message.removeprefix("argument ")


def whole_number(text: str) -> int:
    """Read an option that counts something."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number")
    return int(text)
