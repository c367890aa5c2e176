"""`mission pattern`: the library is listed and shown, tested, applied and pruned."""

import argparse
import asyncio
import os
from typing import Any

import msgspec

from missioncontrol.adapters.repositories import locate
from missioncontrol.application.journal import fold
from missioncontrol.application.learning import PATTERNS, STREAM, PatternAsked, whole
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import colour, note, say, say_exactly, say_json
from missioncontrol.cli.pattern_apply import applied
from missioncontrol.documents.figures import counted
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.learned import (
    Codemod,
    FileTemplate,
    Kept,
    Library,
    Pattern,
    Rule,
    unknown,
)
from missioncontrol.domain.visible import visible
from missioncontrol.learning.fixtures import Case, cases_of

FIXTURES_SHOWN = 3


def pattern(arguments: argparse.Namespace) -> int:
    """Do what `mission pattern VERB` was asked for."""
    desk = Desk(arguments, os.environ)
    try:
        shelf = Shelf(desk)
        match arguments.pattern_verb:
            case "list":
                return _list(arguments, shelf)
            case "show":
                return _show(arguments, shelf)
            case "test":
                return _test(arguments, shelf)
            case "retire":
                return _retire(arguments, shelf)
        kept = shelf.find(arguments.pattern)
        return applied(arguments, desk, kept, shelf.whole(kept), shelf.proven)
    finally:
        desk.close()


class Shelf:
    """The library of a home, as its log has it now."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is read yet."""
        self.desk = desk

    def all(self) -> dict[str, Kept]:
        """Return every pattern that was ever learned, by id."""
        if not self.desk.home.exists:
            return {}
        found, _ = asyncio.run(fold(self.desk.store, PATTERNS, STREAM))
        library: Library | None = found
        return library.patterns if library else {}

    def find(self, name: str) -> Kept:
        """Return the one pattern whose id begins so.

        Raises:
            NotFound: `pattern.unknown`; `pattern.ambiguous`.
        """
        everything = self.all()
        if name in everything:
            return everything[name]
        found = [kept for id_, kept in everything.items() if name and id_.startswith(name)]
        if len(found) > 1:
            ids = ", ".join(kept.pattern.id for kept in found[:5])
            raise NotFound("pattern.ambiguous", f"{name!r} begins {len(found)} ids: {ids}.")
        if not found:
            raise unknown(name)
        return found[0]

    def whole(self, kept: Kept) -> Pattern:
        """Return all of a pattern, its fixtures with it."""
        return whole(self.desk.reading.artifacts.get(kept.pattern.digest))

    def proven(self, repository: str) -> list[Pattern]:
        """Return the commands that were proven in a repository."""
        return [
            self.whole(kept)
            for kept in self.all().values()
            if kept.state == "active"
            and kept.pattern.kind == "command"
            and kept.pattern.repository == repository
        ]


def _list(arguments: argparse.Namespace, shelf: Shelf) -> int:
    where = str(locate(arguments.repo)) if arguments.repo else ""
    found = [
        kept
        for kept in shelf.all().values()
        if (arguments.all or kept.state == "active")
        and arguments.kind in ("", kept.pattern.kind)
        and where in ("", kept.pattern.repository)
    ]
    if arguments.json:
        say_json([_told(kept) for kept in found])
        return SUCCEEDED
    for kept in found:
        said = kept.pattern
        gone = f" {colour('retired', '33')}: {kept.reason}" if kept.state == "retired" else ""
        say(visible(f"{said.id}  {said.statement} {_counts(kept)}{gone}") + "\n")
    if not found:
        say("No pattern here. `mission pattern learn PATH --apply` learns from a repository.\n")
    return SUCCEEDED


def _counts(kept: Kept) -> str:
    places = counted(kept.pattern.count, "place")
    used = f", applied {kept.used}, {kept.passed} with success" if kept.used else ""
    return f"({places}{used})"


def _told(kept: Kept) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(kept)
    return {**said.pop("pattern"), **said}


def _show(arguments: argparse.Namespace, shelf: Shelf) -> int:
    kept = shelf.find(arguments.pattern)
    found = shelf.whole(kept)
    if arguments.json:
        whole_ = msgspec.to_builtins(found)
        more = {name: value for name, value in _told(kept).items() if name not in whole_}
        say_json({**whole_, **more})
        return SUCCEEDED
    language = f" · {found.language}" if found.language else ""
    lines = [
        f"{found.id}  {found.title}",
        f"  {found.statement}",
        f"  {found.kind}{language} · version {kept.version} · {kept.state} {_counts(kept)}",
        f"  from {found.repository}",
        *(f"    in {commit[:12]}" for commit in found.commits[:5]),
        *_body(found),
    ]
    for fixture in found.fixtures[:FIXTURES_SHOWN]:
        place = fixture.place
        lines += ["", f"  {place.path}:{place.line}"]
        if fixture.before == fixture.after:
            continue
        lines += [f"  - {line}" for line in fixture.before.splitlines()]
        lines += [f"  + {line}" for line in fixture.after.splitlines()]
    left = len(found.fixtures) - FIXTURES_SHOWN
    lines += ["", f"  and {counted(left, 'fixture')} more"] if left > 0 else []
    say_exactly(("\n".join(map(visible, lines)) + "\n").encode())
    return SUCCEEDED


def _body(found: Pattern) -> list[str]:
    body = found.body
    match body:
        case Codemod():
            return [f"  with {text}" for text in body.needs]
        case Rule(codemod=None) | FileTemplate():
            text = body.text if isinstance(body, Rule) else "…\n".join(body.parts)
            return ["", *(f"  | {line}" for line in text.splitlines()[:60])]
    return []


def _test(arguments: argparse.Namespace, shelf: Shelf) -> int:
    if arguments.patterns:
        chosen = [shelf.find(name) for name in arguments.patterns]
    else:
        chosen = [kept for kept in shelf.all().values() if kept.state == "active"]
    results: dict[str, list[Case]] = {
        kept.pattern.id: cases_of(shelf.whole(kept)) for kept in chosen
    }
    failed = {id_ for id_, cases in results.items() if any(not each.passed for each in cases)}
    if arguments.json:
        say_json({id_: msgspec.to_builtins(cases) for id_, cases in results.items()})
        return FAILED if failed else SUCCEEDED
    for id_, cases in results.items():
        wrong = [each for each in cases if not each.passed]
        mark = colour("failed", "31") if wrong else colour("passed", "32")
        said = f"{len(cases) - len(wrong)} of {counted(len(cases), 'fixture')}"
        say(f"{mark}  {id_}  {said if cases else 'no fixtures: `apply --check` runs it'}\n")
        for each in wrong:
            say(visible(f"    {each.place}: {each.reason}") + "\n")
    passed = len(results) - len(failed)
    say(f"{passed} of {counted(len(results), 'pattern')} pass their fixtures.\n")
    return FAILED if failed else SUCCEEDED


def _retire(arguments: argparse.Namespace, shelf: Shelf) -> int:
    kept = shelf.find(arguments.pattern)
    ask = PatternAsked("retire", kept.pattern.id, arguments.reason)
    answer = shelf.desk.deliver(ask)
    if arguments.json:
        say_json(answer)
    elif answer["is_new"]:
        say(f"{kept.pattern.id} is offered no more.\n")
    else:
        note(f"{kept.pattern.id} was retired before.\n")
    return SUCCEEDED
