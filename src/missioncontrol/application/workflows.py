"""Saved workflows: checked with all faults at once, stored as versions, made ready to run."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition import (
    Change,
    Definition,
    Fault,
    Malformed,
    Marks,
    compiled,
    content_digest,
    differences,
    faults,
)
from missioncontrol.domain.definition import Library as Find
from missioncontrol.domain.definition.calls import Calls
from missioncontrol.domain.definition.fault import line_of, suggestion
from missioncontrol.domain.definition.tier import Tiers
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.register import decode
from missioncontrol.domain.step import Risk, Step
from missioncontrol.domain.workflow_library import (
    LISTING,
    Listed,
    Listing,
    ListWorkflow,
    SavedWorkflow,
    SaveWorkflow,
    WorkflowListed,
    WorkflowSaved,
    decide,
    decide_listing,
    evolve,
    evolve_listing,
    stream_of,
    version_problem,
)
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.expressions import Expressions

READY_MAX = 16
"""Workflows whose steps are in memory; looking at two thousand steps takes a second."""

LARGE_CHARACTERS = 8_192
"""From here on a file is looked at aside; a smaller one takes some 30 ms at most."""

CHARACTERS_A_STEP = 100
"""What a step of a called workflow counts for: the text of its file is not at hand."""

Called = dict[tuple[str, int | None], Definition | None]
T = TypeVar("T")


class Aside(Protocol):
    """Runs a pure computation where it blocks no other work."""

    def __call__(self, function: Callable[..., T], /, *args: Any) -> Awaitable[T]:
        """Return what `function` returns for `args`."""
        ...


async def at_once(function: Callable[..., T], /, *args: Any) -> T:
    """Keep the promise of `Aside` for who is alone anyway."""
    return function(*args)


class Read(Protocol):
    """Reads the text of a workflow file as far as it can, with the line of each value."""

    def __call__(self, text: str, filename: str) -> tuple[Definition, Marks, list[Fault]]:
        """Return what it defines, the lines, and what is wrong with it."""
        ...


class Version(msgspec.Struct, frozen=True):
    """One version of a saved workflow."""

    name: str
    version: int
    digest: str
    definition: Definition
    source: str  # the text of its file
    saved_at: float
    saved_by: str


class Saved(msgspec.Struct, frozen=True):
    """What saving came to."""

    name: str
    version: int  # the one that says what was to be saved
    digest: str
    newest: int
    is_new: bool  # False where that version was there before, and nothing was recorded


def unknown_workflow(name: str, known: Mapping[str, Listed] | None = None) -> NotFound:
    """Say that no workflow of that name is saved."""
    nothing = "`mission workflow save FILE` saves one."
    return NotFound(
        "workflow.unknown",
        f"There is no workflow {name[:80]!r} here.",
        hint=suggestion(name, known or {}, nothing),
    )


WORKFLOW: Concept[SavedWorkflow, SaveWorkflow, WorkflowSaved] = Concept(
    decide, evolve, lambda stream: unknown_workflow(stream.removeprefix("workflow-"))
)
WORKFLOWS: Concept[Listing, ListWorkflow, WorkflowListed] = Concept(
    decide_listing, evolve_listing, unknown_workflow
)


class Library:
    """Saved workflows for those who only read; `check` says whether a file could be saved."""

    def __init__(
        self,
        store: EventStore,
        *,
        read: Read,
        expressions: Expressions,
        cards: Mapping[str, AgentCard],
        aside: Aside = at_once,
    ) -> None:
        """`cards` are the agents that a workflow may name; `aside` takes large files."""
        self._store = store
        self._aside = aside
        self._one_is_looked_at = asyncio.Lock()  # The largest takes a second, and there are many.
        self._read = read
        self._expressions = expressions
        self._cards = cards
        self._ready: dict[tuple[Any, ...], tuple[dict[str, AgentCard], tuple[Step, ...]]] = {}

    def card(self, agent: str) -> AgentCard:
        """Return what `agent` takes and hands back; it has to be known.

        Raises:
            KeyError: it is not.
        """
        return self._cards[agent]

    async def _saved(self, name: str) -> SavedWorkflow | None:
        saved: SavedWorkflow | None
        saved, _ = await fold(self._store, WORKFLOW, stream_of(name))
        return saved

    async def _list(self) -> Listing | None:
        listing: Listing | None
        listing, _ = await fold(self._store, WORKFLOWS, LISTING)
        return listing

    async def listed(self) -> dict[str, Listed]:
        """Return the newest version of every workflow by name."""
        listing = await self._list()
        return dict(sorted(listing.workflows.items())) if listing else {}

    async def get(self, name: str, version: int | None = None) -> Version:
        """Return a version of a workflow, the newest where none is named.

        Raises:
            NotFound: `workflow.unknown` or `workflow.unknown_version`.
        """
        saved = await self._saved(name)
        if saved is None:
            raise unknown_workflow(name, await self.listed())
        wanted = saved.version if version is None else version
        if not 1 <= wanted <= saved.version:
            raise NotFound(
                "workflow.unknown_version",
                f"Workflow {name!r} has no version {wanted}.",
                hint=f"It has 1 to {saved.version}." if saved.version > 1 else "It has only 1.",
            )
        return await self._version(name, wanted)

    async def _version(self, name: str, version: int) -> Version:
        (row,) = await self._store.read_stream(stream_of(name), after=version - 1, limit=1)
        event = decode(row.type, row.schema, row.body)
        assert isinstance(event, WorkflowSaved)
        assert event.version == version, f"event {version} of {name!r} is another version"
        return Version(
            name,
            version,
            event.digest,
            event.definition,
            event.source,
            row.time / 1_000_000,
            row.actor,
        )

    async def diff(self, name: str, older: int, newer: int) -> list[Change]:
        """Return what one version says differently from another.

        Raises:
            NotFound: see `get`.
        """
        before, after = await self.get(name, older), await self.get(name, newer)
        return differences(before.definition, after.definition)

    async def check(self, text: str, filename: str) -> Definition:
        """Return what a file defines, if it could be saved now.

        Raises:
            Malformed: `workflow.malformed`, with everything that is wrong.
        """
        definition, marks, found = await self._worked_out(len(text), self._read, text, filename)
        if definition.version and not found:
            saved = await self._saved(definition.name)
            digest = content_digest(definition)
            problem, hint = version_problem(saved, definition.version, digest)
            if problem:
                found = [Fault(line_of(marks, ("version",)), "version", problem, hint)]
        called = await self._called_by(definition)
        look = await self._look(definition, marks, called, found)
        wrong = await self._worked_out(_size(text, called), look)
        if wrong:
            raise Malformed(filename, wrong)
        return definition

    async def _worked_out(self, size: int, function: Callable[..., T], *args: Any) -> T:
        """Return what `function` returns, worked out aside where it is about `size` characters."""
        if size < LARGE_CHARACTERS:
            return function(*args)
        async with self._one_is_looked_at:
            return await self._aside(function, *args)

    async def _look(
        self, definition: Definition, marks: Marks, called: Called, found: list[Fault]
    ) -> Callable[[], list[Fault]]:
        """Return what finds all that is wrong, from what is known now."""
        return partial(
            faults,
            definition,
            marks,
            dict(self._cards),
            self._expressions,
            _finder(called),
            workflows=await self.listed(),
            found=found,
        )

    async def tiers(self, definition: Definition) -> dict[str, Risk]:
        """Return the tier of each step, that of everything it calls included."""
        tiers = Tiers(self._cards, Calls(definition, await self.finder(definition)))
        return {key: tiers.of(step) for key, step in definition.steps.items()}

    async def finder(self, definition: Definition) -> Find:
        """Return what finds all workflows that `definition` calls, directly or through others."""
        return _finder(await self._called_by(definition))

    async def _called_by(self, definition: Definition) -> Called:
        found: Called = {}
        todo = _calls(definition)
        while todo:
            name, version = call = todo.pop()
            if call in found:
                continue
            saved = await self._saved(name)
            found[name, None] = saved.definition if saved else None
            if version is not None and saved and 1 <= version <= saved.version:
                found[call] = (await self._version(name, version)).definition
            todo.extend(_calls(found.get(call)))
        return found

    async def ready(
        self, name: str, version: int | None = None
    ) -> tuple[Definition, tuple[Step, ...]]:
        """Return a version of a workflow and the steps that a run of it executes.

        What it was checked against may have changed since: agents, and newest versions of what it
        calls. So it is looked at again, unless all of that is as it was the last time.

        Raises:
            NotFound: see `get`.
            Malformed: `workflow.malformed`, where it could not be saved today.
        """
        chosen = await self.get(name, version)
        called = await self._called_by(chosen.definition)
        key = (name, chosen.version, *_versions(called))
        known = self._ready.get(key)
        if known is not None and known[0] == self._cards:
            return chosen.definition, known[1]
        cards = dict(self._cards)
        steps = await self._steps(chosen, called)
        self._ready[key] = (cards, steps)
        if len(self._ready) > READY_MAX:
            del self._ready[next(iter(self._ready))]
        return chosen.definition, steps

    async def _steps(self, chosen: Version, called: Called) -> tuple[Step, ...]:
        """Return the steps of a version that could be saved today.

        Raises:
            Malformed: `workflow.malformed`.
        """
        size = _size(chosen.source, called)
        cards = dict(self._cards)
        if await self._worked_out(size, await self._look(chosen.definition, {}, called, [])):
            # Lines are only needed now, and finding them takes as long as reading the file.
            _, lines, _ = await self._worked_out(size, self._read, chosen.source, "")
            look = await self._look(chosen.definition, lines, called, [])
            raise Malformed(f"{chosen.name}@{chosen.version}", await self._worked_out(size, look))
        compile_all = partial(compiled, chosen.definition, cards=cards, library=_finder(called))
        return await self._worked_out(size, compile_all)


def _finder(called: Called) -> Find:
    return lambda name, version: called.get((name, version))


def _size(text: str, called: Called) -> int:
    """Return about how many characters are to be looked at, called workflows included."""
    steps = sum(len(found.steps) for found in called.values() if found)
    return len(text) + steps * CHARACTERS_A_STEP


def _versions(called: Called) -> list[tuple[str, int, int]]:
    """Return which version each call leads to; 0 where there is none, or none was asked for."""
    return sorted(
        (name, version or 0, found.version if found else 0)
        for (name, version), found in called.items()
    )


def _calls(definition: Definition | None) -> list[tuple[str, int | None]]:
    steps = definition.steps.values() if definition else ()
    return [step.call for step in steps if step.call is not None]


class Workflows(Library):
    """Saved workflows for the engine, which alone may save."""

    def __init__(
        self,
        journal: Journal,
        *,
        read: Read,
        expressions: Expressions,
        cards: Mapping[str, AgentCard],
        aside: Aside = at_once,
    ) -> None:
        """As `Library`."""
        super().__init__(
            journal.store, read=read, expressions=expressions, cards=cards, aside=aside
        )
        self._journal = journal

    async def _saved(self, name: str) -> SavedWorkflow | None:
        saved: SavedWorkflow | None = await self._journal.find(WORKFLOW, stream_of(name))
        return saved

    async def _list(self) -> Listing | None:
        listing: Listing | None = await self._journal.find(WORKFLOWS, LISTING)
        return listing

    async def _version(self, name: str, version: int) -> Version:
        if self._journal.has_pending:  # It may be one that is still on its way to the log.
            await self._journal.durable()
        return await super()._version(name, version)

    async def save(
        self,
        text: str,
        filename: str,
        *,
        actor: str,
        on_behalf: str = "",
        base: int | None = None,
        always: bool = False,
    ) -> Saved:
        """Keep a file as the next version of its workflow, and return once that is durable.

        `base` is the newest version that its writer knew, 0 for none.

        One that says what a version says already is answered with that version, and nothing is
        recorded, unless it asks for the next version by its number, or is saved with `always`.

        Raises:
            Malformed: `workflow.malformed`, with everything that is wrong.
            Rejected: `workflow.too_many`, `workflow.too_many_versions`, or
                `workflow.saved_meanwhile` where another version than `base` is the newest.
        """
        definition = await self.check(text, filename)
        digest = await self._worked_out(len(text), content_digest, definition)
        stream = stream_of(definition.name)
        await self._list()
        await self._saved(definition.name)
        # From here to the end of the tells nothing else is decided: they are one transaction.
        command = SaveWorkflow(definition, digest, text, base, always)
        made = self._journal.tell(
            WORKFLOW, stream, command, actor=actor, on_behalf=on_behalf, correlation=stream
        )
        for event in made:
            assert isinstance(event, WorkflowSaved)
            entry = ListWorkflow(event.definition, digest)
            self._journal.tell(
                WORKFLOWS, LISTING, entry, actor=actor, on_behalf=on_behalf, correlation=stream
            )
        saved: SavedWorkflow = self._journal.others[stream]
        await self._journal.durable()
        return Saved(saved.name, saved.versions[digest], digest, saved.version, is_new=bool(made))
