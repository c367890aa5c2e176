"""Reads one command line, and says what is wrong with it as people would."""

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from missioncontrol.cli.exit_codes import BAD_INPUT

ONCE = (argparse._StoreAction,)  # noqa: SLF001 - the library offers no other way to ask it
"""Options that take one value; a flag may come twice, for that says nothing else."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the whole usage before it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take options by their whole name only: a shortened one would clash with a later one."""
        self._fills: list[Callable[[], None]] = []
        self._is_filling = False
        super().__init__(*args, **{"allow_abbrev": False, **options})
        self._given: set[argparse.Action] = set()

    def fill_later(self, fill: Callable[[], None]) -> None:
        """Have `fill` add arguments on first use.

        `mission --help` names every noun and should import none of them.
        """
        self._fills.append(fill)

    @property
    def _actions(self) -> list[argparse.Action]:
        """The arguments; the library keeps and reads them under this name."""
        if not self._is_filling:  # Each begins when the one before has ended.
            self._is_filling = True
            while self._fills:
                self._fills.pop(0)()
            self._is_filling = False
        return self._all

    @_actions.setter
    def _actions(self, actions: list[argparse.Action]) -> None:
        self._all = actions

    def parse_known_args(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse what is left over here: only a verb's own parser knows which help to name."""
        self._given.clear()
        found, left = super().parse_known_args(args, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Refuse an option that comes twice where only the last one would count."""
        if action.option_strings and type(action) in ONCE:
            if action in self._given:
                self.error(f"{action.option_strings[-1]} is given twice; give it once")
            self._given.add(action)
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        reason = _in_words(message)
        self.exit(BAD_INPUT, f"{self.prog}: {reason}. `{self.prog} --help` tells more.\n")


def _in_words(message: str) -> str:
    """Return what the library says about a command line as people would say it."""
    match re.fullmatch(r"argument (\S+): invalid choice: (.*) \(choose from (.*)\)", message):
        case re.Match() as found:
            name, given, choices = found.groups()
            return f"{name} is {given}; it must be one of {choices.replace(chr(39), '')}"
    if message.startswith("the following arguments are required: "):
        return f"{message.partition(': ')[2]} is missing"
    return message.removeprefix("argument ")


def add_noun(
    verbs: Any,
    name: str,
    shared: argparse.ArgumentParser,
    text: str,
    by_hand: Callable[[Any, argparse.ArgumentParser], None] | None = None,
    *,
    declared: str = "",
) -> None:
    """Add a noun whose own verbs are declared; `by_hand` adds those that are not.

    `name` is the path of the command, `document share`; `shared` has the arguments that all of
    them take. `declared` is the noun of the declarations, where that is another word.
    """
    noun = name.rpartition(" ")[2]
    top: Parser = verbs.add_parser(name, parents=[shared], help=text)

    def fill() -> None:
        from missioncontrol.surfaces.cli import add_verbs

        own = top.add_subparsers(dest=noun, metavar="VERB", required=True, parser_class=type(top))
        add_verbs(own, shared, declared or noun, whole_number)
        if by_hand is not None:
            by_hand(own, shared)

    top.fill_later(fill)


def whole_number(text: str) -> int:
    """Read an option that counts something."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number")
    return int(text)


def add_wait(verb: argparse.ArgumentParser) -> None:
    """Add the option with which a command that starts or resumes a run follows it."""
    verb.add_argument(
        "--wait",
        action="store_true",
        help="where `mission up` carries it out, follow it to its end (default: say its id)",
    )
