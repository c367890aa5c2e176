"""Declared agents in the real engine."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.application.journal import Entry
from missioncontrol.application.tool_permissions import AnswerGiven
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.question import QuestionAsked
from missioncontrol.domain.run.states import Failed, Succeeded
from missioncontrol.domain.step import Retry, Step
from missioncontrol.runtime.registry import Registered
from tests.agents.heard import a_workshop, run
from tests.agents.service import always, in_turn, serving
from tests.runtime.workshop import workshop

KINDS = Kinds()


def registered(root: Path, declared: Declaration) -> Registered:
    kind = KINDS[declared.kind]
    shop = a_workshop(root, {"PATH": os.environ["PATH"]})
    return Registered(declared.name, kind.make(declared, shop), card=kind.card(declared))


@pytest.mark.journey
def test_a_service_and_a_function_do_the_steps_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def do(step): return step.results['ask']['n'] + 1")
    settings = {"callable": "mine:do", "directory": str(tmp_path)}
    function = Declaration("adder", "function", settings, output=Shape("integer"))

    async def story(url: str) -> None:
        service = Declaration("service", "http", {"url": url, "usage": True})
        both = [registered(tmp_path, each) for each in (service, function)]
        async with workshop(tmp_path, *both) as shop:
            done = await shop.finish(
                Step("ask", "service", inputs={"q": 1}), Step("add", "adder", needs=("ask",))
            )
        ended = done.states["add"]
        assert isinstance(ended, Succeeded), done.states
        assert ended.work.output == 42

    usage = {"input_tokens": 3, "output_tokens": 2, "cost": 0}
    with serving(always({"n": 41, "usage": usage})) as service:
        run(story(service.url))


def test_a_failure_that_would_come_again_is_not_retried(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        service = registered(tmp_path, Declaration("service", "http", {"url": url}))
        async with workshop(tmp_path, service) as shop:
            step = Step("ask", "service", retry=Retry(attempts=3))
            state = (await shop.finish(step)).states["ask"]
        assert isinstance(state, Failed)
        assert state.failure.code == "http.refused"

    with serving(always({"why": "no"}, 400)) as service:
        run(story(service.url))
        assert len(service.requests) == 1


def test_every_attempt_at_a_step_has_the_same_key(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        service = registered(tmp_path, Declaration("service", "http", {"url": url}))
        async with workshop(tmp_path, service) as shop:
            retry = Retry(attempts=2, wait_seconds=0.01)
            done = await shop.finish(Step("ask", "service", retry=retry))
        assert isinstance(done.states["ask"], Succeeded)

    with serving(in_turn((500, {}, {}), (200, {}, {}))) as service:
        run(story(service.url))
    keys = {request["headers"]["idempotency-key"] for request in service.requests}
    attempts = [request["headers"]["mission-attempt"] for request in service.requests]
    assert (len(keys), attempts) == (1, ["1", "2"])


def test_a_person_does_a_step_by_answering_its_form(tmp_path: Path) -> None:
    form = Shape("object", {"fits": Shape("boolean")})
    person = Declaration("editor", "person", {"title": "Does it fit?"}, output=form)

    async def story() -> None:
        async with workshop(tmp_path, registered(tmp_path, person)) as shop:
            asked: asyncio.Queue[str] = asyncio.Queue()

            def hear(events: Sequence[Entry]) -> None:
                for each in events:
                    if isinstance(each.event, QuestionAsked):
                        asked.put_nowait(each.stream)

            shop.engine.listeners.append(hear)
            run_id = shop.begin(Step("read", "editor"))
            question = await asked.get()
            given = AnswerGiven(question, {"fits": True})
            await shop.execution.tool_permissions.answer(given, actor="ada")
            state = (await shop.engine.settled(run_id)).states["read"]
        assert isinstance(state, Succeeded), state
        assert state.work.output == {"fits": True}

    run(story())
