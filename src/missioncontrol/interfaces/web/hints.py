"""Hints for a terminal, as a page says them: `mission list` becomes the list of missions."""

import re
import shlex
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

_COMMAND = re.compile(r"`mission ([a-z][^`]*)`")


class Place(NamedTuple):
    """The name on a page of what a command does, and its address; "" on the same page."""

    words: str
    href: str = ""


_PLACES = {
    "list": Place("the list of missions", "/missions"),
    "runs": Place("the list of runs", "/runs"),
    "runs cancel": Place("“Cancel run”"),
    "execute": Place("“Approve plan”"),
    "runs resume": Place("“Resume”"),
    "runs retry": Place("“Retry”"),
    "runs fork": Place("“Fork”"),
    "approvals": Place("the queue of approvals", "/approvals"),
    "approvals list": Place("the queue of approvals", "/approvals"),
    "questions": Place("the queue of questions", "/approvals"),
    "workflow": Place("the list of workflows", "/workflows"),
    "workflow save": Place("the editor of workflows", "/workflows/new"),
    "schedule": Place("the list of schedules", "/schedules"),
    "schedule add": Place("the form of a new schedule", "/schedules"),
    "agent": Place("the list of agents", "/agents"),
    "worker": Place("the list of agents", "/agents"),
    "budget": Place("the list of caps", "/settings/budgets"),
    "budget price": Place("the list of prices", "/settings/prices"),
    "engine rate-limit": Place("the list of limits", "/settings/limits"),
    "engine halt": Place("“Stop all”"),
    "engine resume": Place("“Resume”", "/agents#start"),
    "user": Place("the list of users", "/settings/users"),
    "user token": Place("the list of tokens", "/settings/tokens"),
    "document": Place("“Documents” on the page of the mission"),
    "audit verify": Place("“Verify now”", "/audit"),
}
"""By the first words of a command. Commands without an entry run only in a terminal and are
shown unchanged."""

_OF_ONE = {
    "show": ("the page of the run", "/runs/{}", "run-"),
    "runs output": ("the log of the run", "/runs/{}?tab=log", "run-"),
    "runs export": ("the page of the run", "/runs/{}", "run-"),
    "runs artifacts": ("the files of the run", "/runs/{}?tab=files", "run-"),
    "runs pack": ("the execution pack, in the files of the run", "/runs/{}?tab=files", "run-"),
    "approvals show": ("the page of the approval", "/approvals/{}", "approval-"),
    "workflow show": ("the page of the workflow", "/workflows/{}", ""),
    "agent show": ("the page of the agent", "/agents/{}", ""),
    "agent start": ("“Start” on the page of the agent", "/agents/{}", ""),
    "agent stop": ("“Stop” on the page of the agent", "/agents/{}", ""),
    "agent drain": ("“Drain” on the page of the agent", "/agents/{}", ""),
    "agent test": ("the page of the agent", "/agents/{}", ""),
    "schedule remove": ("“Remove” on the page of the schedule", "/schedules/{}", ""),
}
"""Of one item: name, address and prefix of its id; without an id there is no address."""


def on_page(text: str) -> str:
    """Return a text for people with its terminal commands replaced by the names of pages."""
    return _COMMAND.sub(lambda found: _capitalized(text, found, _place(found[1]).words), text)


def linked(text: str) -> Markup:
    """Return the same as markup, with links to where it can be done."""
    parts, after = [], 0
    for found in _COMMAND.finditer(text):
        place = _place(found[1])
        words = _capitalized(text, found, place.words)
        parts.append(escape(text[after : found.start()]))
        shape = '<a class="link" href="{1}">{0}</a>' if place.href else "{0}"
        if words.startswith("`"):
            words, shape = words.strip("`"), "<code>{0}</code>"
        parts.append(Markup(shape).format(words, place.href))  # noqa: S704 - escaped by format
        after = found.end()
    return Markup("").join([*parts, escape(text[after:])])


def _capitalized(text: str, found: re.Match[str], words: str) -> str:
    """Return words with a capital where a sentence begins with them."""
    before = text[: found.start()].rstrip()
    begins = not before or before[-1] in ".!?"
    return words[:1].upper() + words[1:] if begins else words


def _place(command: str) -> Place:
    words = _words(command)
    first, two = words[0], " ".join(words[:2])
    if two == "budget set":
        return Place(_cap(words[2:]), "/settings/budgets")
    if words[:3] == ["budget", "price", "set"]:
        return Place("its price in the settings", "/settings/prices")
    for key, rest in ((two, words[2:]), (first, words[1:])):
        if key in _OF_ONE:
            return _one(key, rest[0] if rest else "")
        if key in _PLACES:
            return _PLACES[key]
    return Place(f"`mission {command}`")


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command) or [command]
    except ValueError:
        return command.split()


def _one(key: str, name: str) -> Place:
    words, href, begins = _OF_ONE[key]
    is_named = name.startswith(begins) and not name.isupper() and not name.startswith("-")
    return Place(words, href.format(quote(name)) if name and is_named else "")


def _cap(words: list[str]) -> str:
    """Return the cap that `mission budget set` would set, in words: a cap of $3 for this run."""
    options = {a: b for a, b in pairwise(words) if a.startswith("--")}
    named = words[: next((n for n, each in enumerate(words) if each.startswith("--")), len(words))]
    figure = options.get("--tokens", options.get("--cost", ""))
    amount = f"${figure.lstrip('+')}" if "--cost" in options else ""
    if "--tokens" in options:
        amount = f"{figure.lstrip('+')} tokens"
    whose = " ".join(named[:1] + [repr(each) for each in named[1:]])
    if not amount or not named or amount in ("$USD", "N tokens"):
        return "a cap in the settings"
    each = f" each {options['--per']}" if "--per" in options else ""
    amount += " beyond what is spent" if figure.startswith("+") else ""
    return f"a cap of {amount}{each} for {'the workspace' if whose == 'workspace' else whose}"
