"""`mission memory`: what is remembered is listed, searched, added to, corrected and forgotten."""

import argparse
import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.app.followers import memory as memory_of
from missioncontrol.application.memory import STAYS, Memory, MemoryAsked
from missioncontrol.application.queries import memory as queries
from missioncontrol.application.queries.memory import ItemDetail, ItemView, MatchView
from missioncontrol.application.search_query import moment as moment_of
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.output import colour, columns, note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.documents.figures import counted
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.visible import visible
from missioncontrol.knowledge.text import distinguishing_texts

LIMIT_MAX = 200


class Remembered(Protocol):
    """What is remembered, here or on a server."""

    def bring_up(self) -> None: ...
    def items(self, limit: int, **wanted: Any) -> list[ItemView]: ...
    def found(self, text: str, limit: int, **wanted: Any) -> list[MatchView]: ...
    def detail(self, item: str) -> ItemDetail: ...
    def recalled(self, goal: str, repository: str) -> list[Recalled]: ...


class Here:
    """That of a home on this machine, as its log has it now."""

    def __init__(self, home: Home) -> None:
        """The index is brought up to date where it is asked."""
        self._home = home

    def _ask(self, question: Any) -> Any:
        with memory_of(self._home) as memory:
            asyncio.run(_up_to_date(memory))
            return question(memory)

    def bring_up(self) -> None:
        """Bring the index up to what the log has now."""
        self._ask(lambda _: None)

    def items(self, limit: int, **wanted: Any) -> list[ItemView]:
        """Return items, those confirmed last first."""
        asked = queries.wanted_of(**wanted)
        found: list[ItemView] = self._ask(
            lambda memory: queries.items(memory, asked, before=None, limit=limit)
        )
        return found

    def found(self, text: str, limit: int, **wanted: Any) -> list[MatchView]:
        """Return what bears on `text`, best first."""
        asked = queries.wanted_of(**wanted)
        found: list[MatchView] = self._ask(
            lambda memory: queries.found(memory, text, asked, limit=limit)
        )
        return found

    def detail(self, item: str) -> ItemDetail:
        """Return one item with its neighbours."""
        found: ItemDetail = self._ask(lambda memory: queries.detail(memory, item))
        return found

    def recalled(self, goal: str, repository: str) -> list[Recalled]:
        """Return what a planner receives."""
        return list(self._ask(lambda memory: memory.recalled(goal, repository)))


async def _up_to_date(memory: Memory) -> None:
    if not await memory.bring_up(seconds_max=30.0):
        note("What is remembered is not up to date yet: the record is long. Try again.\n")


class There:
    """That of a server."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    def bring_up(self) -> None:
        """See `Here.bring_up`; a server follows its log by itself."""

    def items(self, limit: int, **wanted: Any) -> list[ItemView]:
        """See `Here.items`."""
        asked = {"limit": limit, **_query(wanted)}
        return self._line.read(self._line.send("GET", "/memory", query=asked), _Items).items

    def found(self, text: str, limit: int, **wanted: Any) -> list[MatchView]:
        """See `Here.found`."""
        asked = {"q": text, "limit": limit, **_query(wanted)}
        answer = self._line.send("GET", "/memory/search", query=asked)
        return self._line.read(answer, list[MatchView])

    def detail(self, item: str) -> ItemDetail:
        """See `Here.detail`."""
        return self._line.get(f"/memory/{item}", ItemDetail)

    def recalled(self, goal: str, repository: str) -> list[Recalled]:
        """See `Here.recalled`."""
        body = {"goal": goal, "repository": repository}
        return self._line.post("/memory/recall", body, list[Recalled])


class _Items(msgspec.Struct):
    items: list[ItemView]


def _query(wanted: dict[str, Any]) -> dict[str, Any]:
    named = {"with_expired": "expired"}
    return {named.get(name, name): value for name, value in wanted.items() if value}


def memory(arguments: argparse.Namespace) -> int:
    """Do what `mission memory VERB` was asked for."""
    desk = Desk(arguments, os.environ)
    try:
        match arguments.memory:
            case "list" | "search":
                return _look(arguments, _of(desk))
            case "recall":
                return _recall(arguments, _of(desk))
            case "show":
                return _show(arguments, _of(desk))
        return _change(arguments, desk)
    finally:
        desk.close()


def _of(desk: Desk) -> Remembered:
    if isinstance(desk.home, Home):
        desk.reading.close()  # Refuses a home where nothing was ever recorded.
        return Here(desk.home)
    line = desk.line
    assert line is not None
    return There(line)


def _path(text: str) -> str:
    """Return the absolute path that a mission on this checkout has."""
    return str(Path(text).resolve()) if text else ""


def _look(arguments: argparse.Namespace, remembered: Remembered) -> int:
    if not 1 <= arguments.limit <= LIMIT_MAX:
        raise Rejected(
            "memory.bad_limit", f"--limit is {arguments.limit}; it must be 1 to {LIMIT_MAX}."
        )
    wanted = {
        "kind": arguments.kind,
        "tag": arguments.tag,
        "file": arguments.file,
        "with_expired": arguments.expired,
        **({} if arguments.repo is None else {"repository": _path(arguments.repo)}),
    }
    if arguments.memory == "search":
        matches = remembered.found(arguments.text, arguments.limit, **wanted)
        return _print_found(
            arguments, matches, "Nothing that is remembered says any of these words."
        )
    items = remembered.items(arguments.limit, **wanted)
    return _print_found(
        arguments, items, "Nothing is remembered yet; missions that end leave something."
    )


def _print_found(arguments: argparse.Namespace, found: list[Any], nothing: str) -> int:
    if arguments.json:
        print_json(found)
        return SUCCEEDED
    apart = distinguishing_texts(
        each.item if isinstance(each, MatchView) else each for each in found
    )
    for each in found:
        print_text("".join(f"{visible(line)}\n" for line in _lines(each, apart)))
    if not found:
        note(f"{nothing}\n")
    return SUCCEEDED


def _lines(found: ItemView | MatchView, apart: Mapping[str, str]) -> Iterator[str]:
    item = found.item if isinstance(found, MatchView) else found
    mark = f" [{item.status}]" if item.status != "held" else ""
    yield colour(f"{item.kind}  {item.title}{mark}", "1")
    yield from wrapped(apart.get(item.id, ""), columns(), "    ", "    ")
    yield f"    {item.id} · {item.source}"
    if isinstance(found, MatchView):
        factors = [part for part in found.parts if part.name != "links"]
        links = [f" + links {part.value:.3g}" for part in found.parts if part.name == "links"]
        product = " * ".join(f"{part.name} {part.value:.3g}" for part in factors)
        yield f"    score {found.score:.3g} = {product}{''.join(links)}"
        yield from wrapped(found.parts[0].why, columns(), "    in ", "      ")


def _recall(arguments: argparse.Namespace, remembered: Remembered) -> int:
    found = remembered.recalled(arguments.goal, _path(arguments.repo))
    if arguments.json:
        print_json(found)
        return SUCCEEDED
    for each in found:
        print_text(visible(colour(f"{each.kind}  {each.title}", "1") + f"\n    {each.source}\n"))
    if not found:
        note("Nothing that is remembered bears on this goal.\n")
    return SUCCEEDED


def _show(arguments: argparse.Namespace, remembered: Remembered) -> int:
    detail = remembered.detail(arguments.item)
    if arguments.json:
        print_json(detail)
        return SUCCEEDED
    print_text("".join(f"{visible(line)}\n" for line in _detail_lines(detail)))
    return SUCCEEDED


def _detail_lines(detail: ItemDetail) -> Iterator[str]:
    item, width = detail.item, columns()
    yield colour(item.title, "1")
    yield from wrapped(item.text, width, "  ", "  ")
    yield ""
    facts = {
        "kind": item.kind,
        "item": item.id,
        "status": item.status + (", corrected by a person" if item.is_corrected else ""),
        "from": item.source,
        "about": item.repository or "everywhere",
        "files": ", ".join(item.files),
        "tags": ", ".join(item.tags),
        "seen": f"{_often(item.seen)}, last {moment(item.confirmed)}",
        "until": moment(item.expires) if item.expires else "",
        "counts": f"{detail.age.value:.2f}: {detail.age.why}",
    }
    for name, value in facts.items():
        if value:
            yield from wrapped(value, width, f"  {name:<9} ", " " * 12)
    for near in detail.near[:10]:
        shared = counted(len(near.files), "file") if near.files else "the mission"
        yield f"  shares {shared} with {near.item.kind} {near.item.id}: {near.item.title}"


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times:,} times"


def _change(arguments: argparse.Namespace, desk: Desk) -> int:
    now = SystemClock().now()
    answer = desk.deliver(_parse_request(arguments, desk, now))
    if arguments.memory == "forget":
        _of(desk).bring_up()  # The output claims removal from the index, so it has to be true.
    if arguments.json:
        print_json(answer)
        return SUCCEEDED
    done = {
        "add": "It is remembered as {item}.",
        "correct": "{item} says this from now on, whatever is harvested.",
        "expire": "Planners receive {item} until then.",
        "forget": "{item} is forgotten. " + STAYS,
    }[arguments.memory]
    print_text(visible(done.format(item=answer["item"])) + "\n")
    return SUCCEEDED


def _parse_request(arguments: argparse.Namespace, desk: Desk, now: float) -> MemoryAsked:
    match arguments.memory:
        case "add":
            return MemoryAsked(
                "add",
                kind=arguments.kind,
                title=arguments.title,
                text=arguments.text,
                repository=_path(arguments.repo),
                files=tuple(arguments.file or ()),
                tags=tuple(arguments.tag or ()),
                expires=expiry_of(arguments.until, now),
            )
        case "correct":
            return _correction(arguments, _of(desk).detail(arguments.item).item)
        case "expire":
            item = _of(desk).detail(arguments.item).item.id
            until = expiry_of(arguments.until, now)
            return MemoryAsked("expire", item, expires=until, reason=arguments.reason)
    item = _of(desk).detail(arguments.item).item.id
    return MemoryAsked("forget", item, reason=arguments.reason)


def _correction(arguments: argparse.Namespace, item: ItemView) -> MemoryAsked:
    return MemoryAsked(
        "correct",
        item.id,
        title=item.title if arguments.title is None else arguments.title,
        text=item.text if arguments.text is None else arguments.text,
        files=item.files if arguments.file is None else tuple(arguments.file),
        tags=item.tags if arguments.tag is None else tuple(arguments.tag),
    )


def expiry_of(text: str, now: float) -> float:
    """Return the end of an item's time, in seconds since the epoch; 0 for never.

    Raises:
        Rejected: `memory.bad_time`.
    """
    match text.strip():
        case "never":
            return 0.0
        case "now":
            return now
    seconds = seconds_of(text.strip())
    if isinstance(seconds, float):
        return now + seconds
    try:
        return moment_of(text, now)[1] / 1_000_000
    except Rejected:
        raise Rejected(
            "memory.bad_time",
            f"--until is {text[:60]!r}.",
            hint="Write now, never, a time from now such as 90d, or a date such as 2026-12-31.",
        ) from None
