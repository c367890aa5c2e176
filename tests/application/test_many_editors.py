"""Two editors and a generator that take turns: no word is lost, no conflict is dropped unsaid."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.application import studio as application
from missioncontrol.application.journal import Journal
from missioncontrol.application.studio import (
    ReviseDocument,
    SettleConflict,
    Studio,
    Texts,
    WriteDocument,
)
from missioncontrol.documents import merge
from missioncontrol.domain.document import StoredDocument, stream_of
from missioncontrol.domain.errors import Conflict, NotFound

RUN = "run-1"
LINES = st.sampled_from(["# A", "## B", "### D", "", "one", "two", "three", "- x", "> y"])
TEXTS = st.lists(LINES, min_size=1, max_size=8).map(lambda lines: "\n".join(lines) + "\n")
TURNS = st.one_of(
    st.tuples(st.just("generate"), TEXTS),
    # Who opens the newest text, and where a line is put into what was opened before.
    st.tuples(st.just("open"), st.sampled_from(["ann", "bo"])),
    st.tuples(st.sampled_from(["ann", "bo"]), st.tuples(st.integers(0, 9), st.integers(0, 1))),
    st.tuples(st.just("settle"), st.sampled_from(["mine", "theirs"])),
)


def words_of(text: str) -> list[str]:
    """Return the lines that people wrote, without the names of their authors."""
    bare = re.sub(r"(?:\[\^by:[^\]]+\])(?!:)", "", text)
    lines = [line.rstrip() for line in bare.splitlines()]
    written = [line for line in lines if line and not line.startswith("[^by:")]
    return written if "[^by:" not in text else [line for line in written if line != "## Sources"]


class Desk:
    """A document, what each editor has open, and every line that must be in it."""

    def __init__(self) -> None:
        self.journal = Journal(MemoryEventStore(), SystemClock())
        self.artifacts = MemoryArtifactStore()
        self.studio = Studio(self.journal, MemoryOutputStore(), self.artifacts, program="test")
        self.opened: dict[str, tuple[int, str]] = {}
        self.written: set[str] = set()

    async def state(self) -> StoredDocument:
        found: StoredDocument = await self.journal.load(application.DOCUMENT, stream_of(RUN, "prd"))
        return found

    async def text(self) -> str:
        return self.artifacts.get((await self.state()).newest.digest).decode()

    async def turn(self, what: str, more: Any) -> None:
        match what:
            case "generate":
                await self.generate(more)
            case "open":
                self.opened[more] = ((await self.state()).newest.number, await self.text())
            case "settle":
                await self.settle(more)
            case _:
                await self.edit(what, *more)

    async def generate(self, text: str) -> None:
        async def record(*_: object, **__: object) -> Any:
            return type("Record", (), {"mission": "mission-1"})()

        made = Texts(text, b"{}")
        with (
            patch.object(application, "gather", record),
            patch.object(self.studio, "_built", lambda *_: made),
        ):
            await self.studio.change(WriteDocument(id=RUN, kind="prd"), actor="user:ann")
        await self.journal.commit()

    async def edit(self, who: str, place: int, cut: int) -> None:
        """Save one line more on what the editor has open; one that is stale reloads it."""
        number, text = self.opened.get(who, (1, ""))
        lines = text.splitlines(keepends=True)
        line = f"{who} wrote {len(self.written)}"
        gone = set(words_of("".join(lines[place : place + cut])))
        lines[place : place + cut] = [line + "\n"]
        wanted = "".join(lines)
        ask = ReviseDocument(id=RUN, kind="prd", text=wanted, base=number)
        newest = (await self.state()).newest.number
        try:
            await self.studio.change(ask, actor=f"user:{who}")
        except Conflict:
            assert number != newest, "only who has an old version open is refused"
            self.opened[who] = (newest, await self.text())
            return
        assert number == newest
        await self.journal.commit()
        saved = await self.text()
        assert words_of(saved) == words_of(wanted)
        self.written = (self.written - gone) | {line}
        self.opened[who] = ((await self.state()).newest.number, saved)

    async def settle(self, choice: Any) -> None:
        state = await self.state()
        if not state.disputes:
            return
        dispute = state.disputes[0]
        before = set(words_of(await self.text()))
        ask = SettleConflict(id=RUN, kind="prd", conflict=dispute.id, choice=choice)
        await self.studio.change(ask, actor="user:ann")
        await self.journal.commit()
        gone = before - set(words_of(await self.text()))
        loser = dispute.mine if choice == "theirs" else dispute.theirs
        removed = {line for line in gone if "wrote" in line}
        assert all(line in loser for line in removed), "only the words that lost may go"
        self.written -= removed

    async def check(self) -> None:
        text, state = await self.text(), await self.state()
        assert self.written <= set(words_of(text))
        for dispute in state.disputes:
            conflict = merge.Conflict(dispute.section, dispute.mine, dispute.theirs)
            assert merge.stands(text, conflict), "what is said to be open stands in the text"
        assert len({each.id for each in state.disputes}) == len(state.disputes)
        assert [each.number for each in state.versions] == [*range(1, len(state.versions) + 1)]
        for version in state.versions:
            assert len(self.artifacts.get(version.digest).decode()) == version.characters


@given(first=TEXTS, turns=st.lists(TURNS, max_size=12))
@example(
    first="## B\none\n",
    turns=[
        ("open", "ann"),
        ("open", "bo"),
        ("ann", (1, 1)),
        ("generate", "## B\ntwo\n"),
        ("generate", "## B\nthree\n"),
        ("bo", (1, 1)),
        ("bo", (1, 1)),
        ("generate", "## B\none\n"),
        ("settle", "mine"),
        ("generate", "## B\ntwo\n"),
    ],
)
@example(  # A conflict within what is generated no more, which is another one.
    first="one\n",
    turns=[
        ("open", "ann"),
        ("ann", (0, 1)),
        ("generate", "two\n"),
        ("generate", "# A\n"),
        ("settle", "mine"),
        ("settle", "mine"),
    ],
)
@settings(max_examples=80, deadline=None)
def test_whatever_turns_editors_and_generator_take_nothing_is_lost(
    first: str, turns: Sequence[tuple[str, Any]]
) -> None:
    async def story() -> None:
        desk = Desk()
        await desk.generate(first)
        for what, more in turns:
            await desk.turn(what, more)
            await desk.check()

    asyncio.run(story())


def test_what_is_generated_while_a_conflict_is_open_keeps_it_and_both_sides() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.generate("## B\none\n")
        await desk.turn("open", "ann")
        await desk.turn("open", "bo")
        await desk.edit("ann", 1, 1)
        await desk.generate("## B\ntwo\n")
        [first] = (await desk.state()).disputes
        assert (first.mine, first.theirs) == ("ann wrote 0[^by:ann]\n", "two\n")
        await desk.edit("bo", 1, 1)  # Based on a stale text: it is refused, and reloaded.
        await desk.generate("## B\ntwo\n")
        assert (await desk.state()).disputes == (first,)
        await desk.generate("## B\nthree\n")
        await desk.check()
        open_ = (await desk.state()).disputes
        assert open_, "it is not settled by what is generated later"
        text = await desk.text()
        assert "ann wrote 0" in text
        assert "three" in text
        for _ in open_:
            await desk.settle("mine")
        assert (await desk.state()).disputes == ()
        assert "ann wrote 0" in await desk.text()
        newest = (await desk.state()).newest.number
        await desk.generate("## B\nthree\n")
        assert (await desk.state()).newest.number == newest, "what was decided is not asked again"

    asyncio.run(story())


def test_a_conflict_is_settled_by_the_mark_that_stands_in_the_document() -> None:
    async def story() -> None:
        desk = Desk()
        await desk.generate("## B\none\n")
        await desk.turn("open", "ann")
        await desk.edit("ann", 1, 1)
        await desk.generate("## B\ntwo\n")
        [mark] = re.findall(r"generated anew: (\w+)", await desk.text())
        for name in ("", "0" * len(mark)):
            with pytest.raises(NotFound):
                await desk.studio.change(
                    SettleConflict(id=RUN, kind="prd", conflict=name, choice="mine"),
                    actor="user:ann",
                )
        ask = SettleConflict(id=RUN, kind="prd", conflict=mark, choice="theirs")
        await desk.studio.change(ask, actor="user:ann")
        await desk.journal.commit()
        assert await desk.text() == "## B\ntwo\n"

    asyncio.run(story())
