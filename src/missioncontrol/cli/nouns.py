"""The nouns of the command line, its help, and the spellings of earlier releases."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

from missioncontrol.cli.parser import Parser

EARLIER = {
    "carry-out": "execute",
    "places": "locate",
    "backtest": "eval backtest",
    "resume": "runs resume",
    "cancel": "runs cancel",
    "retry": "runs retry",
    "fork": "runs fork",
    "replay": "runs replay",
    "output": "runs output",
    "artifacts": "runs artifacts",
    "export": "runs export",
    "summary": "runs summary",
    "trace": "runs trace",
    "diagram": "runs diagram",
    "pack": "runs pack",
    "price": "budget price",
    "learn": "pattern learn",
    "template": "workflow template",
    "share": "document share",
    "token": "user token",
    "memory": "knowledge memory",
    "stop": "engine halt",
    "start": "engine resume",
    "limit": "engine rate-limit",
}
"""Commands of earlier releases, which still work, and what they are called now."""

PLAIN_NOUNS = {
    "engine": "halt all work, resume it, limit how often agents start",
}
"""Nouns that are nothing but their commands."""

COMMANDS = ("plan", "run", "execute", "list", "show", "watch", "locate", "inbox")
"""Commands of daily use; they come without a noun."""

LISTS = ("runs", "inbox")
"""What lists its things where no verb is given."""

SERVERS = ("up", "workspace", "worker", "mcp")
"""Commands that keep running, and the one that says what `up --root` serves."""

ALSO_UNDER_RUNS = ("show", "watch")
"""Commands of missions that `mission runs` has too."""

OPTIONS_WITH_VALUE = ("--home", "--server")
"""Options that may come before the command."""


class Commands:
    """Adds commands by their path: `runs replay` goes below the noun `runs`."""

    def __init__(self, top: Parser) -> None:
        """`top` is the parser of the program."""
        self._prog = top.prog
        self._nouns = top.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
        self._below: dict[str, list[tuple[str, Parser, str]]] = {}
        for name, text in PLAIN_NOUNS.items():
            self.add_parser(name, help=text).add_subparsers(
                metavar="COMMAND", required=True, parser_class=Parser
            )

    def add_parser(self, path: str, **options: Any) -> Parser:
        """Add the command at `path` and return its parser, whose `verb` is the path."""
        noun, _, name = path.partition(" ")
        text = options.get("help", "")
        if name:
            del options["help"]
            parser = Parser(prog=f"{self._prog} {path}", **options)
            self._below.setdefault(noun, []).append((name, parser, text))
        else:
            parser = self._nouns.add_parser(path, **options)
        if path in ALSO_UNDER_RUNS:
            self._below.setdefault("runs", []).append((path, parser, text))
        parser.set_defaults(verb=path)
        return parser

    def finish(self) -> None:
        """Put commands below their nouns, once all nouns are there."""
        for noun in self._below:
            parser: Parser = self._nouns.choices[noun]
            parser.fill_later(partial(self._fill, noun, parser))

    def _fill(self, noun: str, parser: Parser) -> None:
        commands = commands_of(parser)
        assert commands is not None, noun
        for name, command, text in self._below[noun]:
            commands._name_parser_map[name] = command  # noqa: SLF001 - it adds only new parsers
            commands._choices_actions.append(commands._ChoicesPseudoAction(name, (), text))  # noqa: SLF001


def commands_of(parser: argparse.ArgumentParser) -> "argparse._SubParsersAction[Any] | None":
    """Return the set of commands of a parser; None where it has none."""
    for action in parser._actions:  # noqa: SLF001 - the library offers no other way to ask it
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return action
    return None


def current_spelling(given: Sequence[str]) -> list[str]:
    """Return a command line with its command as it is spelled now."""
    words = list(given)
    place = 0
    while place < len(words) and words[place].startswith("--"):
        place += 2 if words[place] in OPTIONS_WITH_VALUE else 1
    command = words[place : place + 1]
    if command and command[0] in EARLIER:
        return [*words[:place], *EARLIER[command[0]].split(), *words[place + 1 :]]
    after = words[place + 1 : place + 2]
    # `mission runs` alone lists them; options are those of the list, but for the help of the noun.
    lists = not after or (after[0].startswith("-") and after[0] not in ("-h", "--help"))
    if command and command[0] in LISTS and lists:
        return [*words[:place], command[0], "list", *words[place + 1 :]]
    return words


def help_text(top: Parser, description: str, exit_codes: str) -> str:
    """Return the help of the program: commands of missions, servers, and nouns."""
    commands = commands_of(top)
    assert commands is not None
    texts = {each.dest: each.help or "" for each in commands._choices_actions}  # noqa: SLF001
    nouns = sorted(texts.keys() - {*COMMANDS, *SERVERS})
    formatter = top._get_formatter()  # noqa: SLF001 - its own help has one group of commands
    formatter.add_usage("mission [--home DIR] [--server URL] COMMAND ...", [], [], "usage: ")
    formatter.add_text(description)
    for title, names in (
        ("missions", COMMANDS),
        ("servers", SERVERS),
        ("nouns; `mission NOUN --help` lists the commands of one", nouns),
    ):
        formatter.start_section(title)
        for name in names:
            formatter.add_argument(commands._ChoicesPseudoAction(name, (), texts[name]))  # noqa: SLF001
        formatter.end_section()
    formatter.start_section("options")
    formatter.add_arguments(each for each in top._actions if each is not commands)  # noqa: SLF001
    formatter.end_section()
    formatter.add_text(exit_codes)
    return formatter.format_help()
