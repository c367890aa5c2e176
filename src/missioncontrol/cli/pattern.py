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
from missioncontrol.cli.output import colour, note, print_bytes, print_json, print_text
from missioncontrol.cli.pattern_apply import applied
from missioncontrol.documents.figures import counted
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.learned import (
    Codemod,
    FileTemplate,
    Library,
    LibraryPattern,
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
        entry = shelf.find(arguments.pattern)
        return applied(arguments, desk, entry, shelf.whole(entry), shelf.proven)
    finally:
        desk.close()


class Shelf:
    """The library of a home, as its log has it now."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is read yet."""
        self.desk = desk

    def all(self) -> dict[str, LibraryPattern]:
        """Return every pattern that was ever learned, by id."""
        if not self.desk.home.exists:
            return {}
        found, _ = asyncio.run(fold(self.desk.store, PATTERNS, STREAM))
        library: Library | None = found
        return library.patterns if library else {}

    def find(self, name: str) -> LibraryPattern:
        """Return the one pattern whose id begins so.

        Raises:
            NotFound: `pattern.unknown`; `pattern.ambiguous`.
        """
        everything = self.all()
        if name in everything:
            return everything[name]
        found = [entry for id_, entry in everything.items() if name and id_.startswith(name)]
        if len(found) > 1:
            ids = ", ".join(entry.pattern.id for entry in found[:5])
            raise NotFound("pattern.ambiguous", f"{name!r} begins {len(found)} ids: {ids}.")
        if not found:
            raise unknown(name)
        return found[0]

    def whole(self, entry: LibraryPattern) -> Pattern:
        """Return all of a pattern, its fixtures with it."""
        return whole(self.desk.reading.artifacts.get(entry.pattern.digest))

    def proven(self, repository: str) -> list[Pattern]:
        """Return the commands that were proven in a repository."""
        return [
            self.whole(entry)
            for entry in self.all().values()
            if entry.state == "active"
            and entry.pattern.kind == "command"
            and entry.pattern.repository == repository
        ]


def _list(arguments: argparse.Namespace, shelf: Shelf) -> int:
    where = str(locate(arguments.repo)) if arguments.repo else ""
    found = [
        entry
        for entry in shelf.all().values()
        if (arguments.all or entry.state == "active")
        and arguments.kind in ("", entry.pattern.kind)
        and where in ("", entry.pattern.repository)
    ]
    if arguments.json:
        print_json([_pattern_fields(entry) for entry in found])
        return SUCCEEDED
    for entry in found:
        learned = entry.pattern
        gone = f" {colour('retired', '33')}: {entry.reason}" if entry.state == "retired" else ""
        print_text(visible(f"{learned.id}  {learned.statement} {_counts(entry)}{gone}") + "\n")
    if not found:
        print_text(
            "No pattern here. `mission pattern learn PATH --apply` learns from a repository.\n"
        )
    return SUCCEEDED


def _counts(entry: LibraryPattern) -> str:
    places = counted(entry.pattern.count, "place")
    used = f", applied {entry.used}, {entry.passed} with success" if entry.used else ""
    return f"({places}{used})"


def _pattern_fields(entry: LibraryPattern) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    return {**fields.pop("pattern"), **fields}


def _show(arguments: argparse.Namespace, shelf: Shelf) -> int:
    entry = shelf.find(arguments.pattern)
    found = shelf.whole(entry)
    if arguments.json:
        whole_ = msgspec.to_builtins(found)
        more = {name: value for name, value in _pattern_fields(entry).items() if name not in whole_}
        print_json({**whole_, **more})
        return SUCCEEDED
    language = f" · {found.language}" if found.language else ""
    lines = [
        f"{found.id}  {found.title}",
        f"  {found.statement}",
        f"  {found.kind}{language} · version {entry.version} · {entry.state} {_counts(entry)}",
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
    print_bytes(("\n".join(map(visible, lines)) + "\n").encode())
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
        chosen = [entry for entry in shelf.all().values() if entry.state == "active"]
    results: dict[str, list[Case]] = {
        entry.pattern.id: cases_of(shelf.whole(entry)) for entry in chosen
    }
    failed = {id_ for id_, cases in results.items() if any(not each.passed for each in cases)}
    if arguments.json:
        print_json({id_: msgspec.to_builtins(cases) for id_, cases in results.items()})
        return FAILED if failed else SUCCEEDED
    for id_, cases in results.items():
        wrong = [each for each in cases if not each.passed]
        mark = colour("failed", "31") if wrong else colour("passed", "32")
        score = f"{len(cases) - len(wrong)} of {counted(len(cases), 'fixture')}"
        print_text(f"{mark}  {id_}  {score if cases else 'no fixtures: `apply --check` runs it'}\n")
        for each in wrong:
            print_text(visible(f"    {each.place}: {each.reason}") + "\n")
    passed = len(results) - len(failed)
    print_text(f"{passed} of {counted(len(results), 'pattern')} pass their fixtures.\n")
    return FAILED if failed else SUCCEEDED


def _retire(arguments: argparse.Namespace, shelf: Shelf) -> int:
    entry = shelf.find(arguments.pattern)
    ask = PatternAsked("retire", entry.pattern.id, arguments.reason)
    answer = shelf.desk.deliver(ask)
    if arguments.json:
        print_json(answer)
    elif answer["is_new"]:
        print_text(f"{entry.pattern.id} is offered no more.\n")
    else:
        note(f"{entry.pattern.id} was retired before.\n")
    return SUCCEEDED
