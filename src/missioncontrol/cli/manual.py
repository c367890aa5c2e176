"""Writes docs/reference/commands.md: `python -m missioncontrol.cli.manual`."""

import argparse
import sys
from collections.abc import Iterator

from missioncontrol.cli.arguments import EXIT_CODES, parser

COMMON = ("-h", "--home")
"""Options of every verb, documented once."""


def manual() -> str:
    """Return every verb of `mission` and what it takes, as Markdown."""
    top = parser()
    lines = [
        "# Commands",
        "",
        "Made from the program itself. Every verb takes `--home DIR`, the data directory (else",
        "`MISSION_HOME`, else the platform's). `RUN` is an id, its beginning, a mission's id or",
        f"`last`. With `--json`, answers are JSON. {EXIT_CODES[0].upper()}{EXIT_CODES[1:]}.",
    ]
    for name, help_text, verb in _verbs(top):
        lines += ["", f"## mission {name}", "", f"{help_text[:1].upper()}{help_text[1:]}."]
        rows = list(_rows(verb))
        if rows:
            lines += ["", "| argument | meaning |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _verbs(
    top: argparse.ArgumentParser, prefix: str = ""
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in top._actions:  # noqa: SLF001 - the library offers no other way to ask it
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            summaries = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            for name, verb in action.choices.items():
                inner = list(_verbs(verb, f"{prefix}{name} "))
                if not inner or not _needs_more(verb):
                    yield f"{prefix}{name}", summaries.get(name, ""), verb
                yield from inner


def _needs_more(verb: argparse.ArgumentParser) -> bool:
    """Whether a verb does nothing without one of its own verbs."""
    actions = verb._actions  # noqa: SLF001
    return any(a.required for a in actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001


def _rows(verb: argparse.ArgumentParser) -> Iterator[str]:
    for action in verb._actions:  # noqa: SLF001
        is_verb = isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        if is_verb or any(option in COMMON for option in action.option_strings):
            continue
        shown = action.metavar or (
            "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
        )
        takes = "" if action.nargs == 0 else f" {shown}"
        name = f"{action.option_strings[-1]}{takes}" if action.option_strings else str(shown)
        yield f"| `{name.replace('|', chr(92) + '|')}` | {_meaning(action).replace('|', '/')} |"


def _meaning(action: argparse.Action) -> str:
    """Return what a person has to know of an argument besides its name."""
    parts = [action.help or ""]
    if action.choices and action.metavar:
        choices = ", ".join(map(str, action.choices))
        parts[:0] = [f"one of {choices}"] if choices not in parts[0] else []
    if action.required and action.option_strings:
        parts.append("required")
    return "; ".join(filter(None, parts))


if __name__ == "__main__":
    sys.stdout.write(manual())
