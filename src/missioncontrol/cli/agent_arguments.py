"""What `mission agent` takes on the command line."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from missioncontrol.cli.parser import add_noun

PROGRAMS = ("claude", "codex")  # As `domain.agent_session`, which this must not import.
MODES = ("network", "outside", "full")  # As `domain.elevation`, which this must not import.


def add_agent(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    """Add `agent` to `verbs`; each of its own verbs takes what `home` takes."""
    text = "agents that carry out steps: add, start, stop, test, run; sessions that people start"
    add_noun(verbs, "agent", home, text, lambda kinds, home: _add_all(kinds, home, whole_number))


def _add_all(kinds: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]) -> None:
    _add_declaring(kinds, home, whole_number)
    show = kinds.add_parser("show", parents=[home], help="all that is known of one")
    show.add_argument("name", metavar="NAME")
    show.add_argument("--since", metavar="AGE", default="7d", help="of what it did (default: 7d)")
    show.add_argument("--json", action="store_true", help="print JSON")
    text = "prove that it works: version, sign-in, a harmless round trip"
    test = kinds.add_parser("test", parents=[home], help=text)
    test.add_argument("name", metavar="NAME")
    test.add_argument("--json", action="store_true", help="print JSON")
    _add_elevating(kinds, home)
    _add_sessions(kinds, home, whole_number)


def _add_sessions(
    kinds: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    from missioncontrol.surfaces.cli import add_verbs

    add_verbs(kinds, home, "agent_session", whole_number)
    kinds.add_parser(
        "watch", parents=[home], help="report sessions of Claude Code and Codex that you start"
    )
    hooks = kinds.add_parser(
        "hooks", parents=[home], help="have Claude Code and Codex tell what they do and wait for"
    )
    hooks.add_argument("change", choices=("install", "remove"))
    hooks.add_argument(
        "--program", action="append", default=[], choices=PROGRAMS, help="only its settings"
    )
    hooks.add_argument("--json", action="store_true", help="print JSON")
    kinds.add_parser("event", parents=[home], help="what hooks run; see `mission agent hooks`")


def _add_elevating(kinds: Any, home: argparse.ArgumentParser) -> None:
    verb = kinds.add_parser(
        "elevate", parents=[home], help="a wider mode for a time, if another person agrees"
    )
    verb.add_argument("name", metavar="NAME")
    verb.add_argument(
        "--to",
        action="append",
        default=[],
        choices=MODES,
        help="ask: its commands reach the network; write in the directories of --path; or are not "
        "confined (may be given several times)",
    )
    verb.add_argument(
        "--path", action="append", default=[], metavar="DIR", help="with --to outside; repeatable"
    )
    verb.add_argument("--for", dest="lasts", metavar="TIME", help="such as 2h; at most 24h")
    verb.add_argument("--approve", metavar="ID", help="agree to what another user asked for")
    verb.add_argument("--refuse", metavar="ID", help="say no to it")
    verb.add_argument("--end", action="store_true", help="end what is in force, take back the rest")
    verb.add_argument("--reason", metavar="TEXT", default="", help="why; stored permanently")
    verb.add_argument("--json", action="store_true", help="print JSON")


def _add_declaring(
    kinds: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> None:
    verb = kinds.add_parser("add", parents=[home], help="declare an agent and start it")
    verb.add_argument("name", metavar="NAME")
    verb.add_argument("--kind", metavar="KIND", default="", help="the adapter, such as codex")
    verb.add_argument("--file", metavar="FILE.toml", help="take it from there: [agents.NAME]")
    verb.add_argument("--description", metavar="TEXT", default="")
    verb.add_argument("--model", metavar="M", default="", help="that it uses, as prices name it")
    verb.add_argument("--scale", metavar="N", type=whole_number, help="steps at once (default: 1)")
    for name, metavar, text in (
        ("set", "KEY=VALUE", "a setting of its kind; JSON where it is JSON, else a text"),
        ("capability", "NAME", "something that steps may ask for"),
        ("effect", "NAME", "what its work does to the world"),
        ("risk", "TIER", "a tier of steps that it may do (default: all three)"),
        ("path", "DIR", "a directory that its steps may name (default: any)"),
        ("env", "NAME", "a variable that it sees"),
        ("secret", "VARIABLE=NAME", "a variable that holds a secret, by the secret's name"),
    ):
        verb.add_argument(
            f"--{name}", metavar=metavar, action="append", default=[], help=f"{text}; repeatable"
        )
    verb.add_argument("--inputs", metavar="FILE.json", help="JSON Schema of what it is given")
    verb.add_argument("--output", metavar="FILE.json", help="JSON Schema of what it hands back")
    verb.add_argument("--time", metavar="TIME", help="that an attempt may take, such as 10m")
    verb.add_argument("--turns", metavar="N", type=whole_number, help="model calls of an attempt")
    verb.add_argument("--input-tokens", metavar="N", type=whole_number, help="of an attempt")
    verb.add_argument("--output-tokens", metavar="N", type=whole_number, help="of an attempt")
    verb.add_argument(
        "--by-call", action="store_true", help="each model call is admitted by itself"
    )
    verb.add_argument("--cost", metavar="USD", help="that all its work may cost together")
    verb.add_argument("--tokens", metavar="N", type=whole_number, help="of all its work together")
    verb.add_argument("--heartbeat", metavar="TIME", help="silence allowed while it works")
    verb.add_argument("--location", metavar="WORKER", default="here")
    verb.add_argument("--replace", action="store_true", help="declare an existing one again")
    verb.add_argument("--stopped", action="store_true", help="declare it only")
    verb.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.set_defaults(argv=[])
    verb.epilog = "what follows `--` is the program of the agent, with its arguments"


def program_after(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a command line without the program after `--`, and that program.

    Only `mission agent add` has one; the library would take its options for ours.
    """
    words = list(given)
    place = words.index("--") if "--" in words else 0
    verbs = _after_home(words[:place])
    if verbs[:1] != ["agent"] or "add" not in verbs:
        return words, []
    return words[:place], words[place + 1 :]


def _after_home(words: list[str]) -> list[str]:
    """Return a command line from its verb on: the home may be given first."""
    while words and words[0].startswith("--h"):
        words = words[1:] if "=" in words[0] else words[2:]
    return words
