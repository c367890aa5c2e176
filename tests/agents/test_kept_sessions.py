"""The session of an attempt that an engine broke off is there for the next one, and no longer."""

import asyncio
from pathlib import Path

import missioncontrol as mc
from missioncontrol.adapters.worktrees import ResumeRequest, Session, sessions, worktree
from missioncontrol.domain.budget.scopes import WORKSPACE, Cap
from missioncontrol.domain.step import Amount
from tests.agents.repositories import repository
from tests.runtime.workshop import run

RESUMES = ResumeRequest("task", lambda place, session: True, print)


class Conversation:
    """A step whose first attempt works in a tree with a session until it is ended."""

    def __init__(self, root: Path, tokens: int = 0) -> None:
        self.home = root / "home"
        self.source = repository(root / "r")
        self.places: list[Path] = []
        self.begun = asyncio.Event()
        self.tokens = tokens  # that the first attempt reports
        self.flow = mc.Workflow("talk")
        self.flow.add("talk", self._talk)

    async def _talk(self, step: mc.StepContext) -> None:
        trees = self.home / "worktrees"
        async with worktree(trees, step.assignment, self.source, resumes=RESUMES) as tree:
            self.places.append(tree.place)
            if len(self.places) > 1:
                return
            sessions.write(tree.place, Session("task", "abc", tree.branch, tree.base, "", ()))
            self.begun.set()
            if self.tokens:
                step.usage("gpt-5", input_tokens=self.tokens, output_tokens=0)
            await asyncio.sleep(60)

    @property
    def trees(self) -> list[Path]:
        return list((self.home / "worktrees").glob("*/*"))


def test_a_session_outlasts_an_engine_that_is_closed(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Conversation(tmp_path)
        async with mc.Engine(talk.home) as engine:
            name = await engine.start(talk.flow)
            await talk.begun.wait()
        async with mc.Engine(talk.home, workflows=[talk.flow]) as engine:
            assert (await engine.resume(name)).status == "succeeded"
        first, second = talk.places
        assert first == second
        assert talk.trees == []

    run(story())


def test_a_session_outlasts_a_report_that_crosses_a_cap(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Conversation(tmp_path, tokens=2_000)
        async with mc.Engine(talk.home) as engine:
            budgets = engine._control.budgets
            for tokens in (1_000, 100_000):
                cap = Cap(WORKSPACE, "total", Amount(tokens=tokens))
                budgets.set_cap(cap, actor="ann", reason="So much.")
                if tokens == 1_000:
                    halted = await engine.run(talk.flow)
                    assert halted.status == "halted"
            assert (await engine.resume(halted.id)).status == "succeeded"
        first, second = talk.places
        assert first == second

    run(story())


def test_a_session_is_removed_with_its_run(tmp_path: Path) -> None:
    async def story() -> None:
        talk = Conversation(tmp_path)
        async with mc.Engine(talk.home) as engine:
            name = await engine.start(talk.flow)
            await talk.begun.wait()
            engine.cancel(name)
            assert (await engine.wait(name)).status == "cancelled"
        assert talk.trees == []

    run(story())
