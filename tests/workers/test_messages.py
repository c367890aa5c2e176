"""What an agent says on a worker arrives readable and without secrets, or its attempt fails."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.remote import attempt as attempts
from missioncontrol.adapters.workers import lease_runner as lines
from missioncontrol.application.tool_permissions import AnswerGiven
from missioncontrol.domain.run.states import Failed, Succeeded
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Line
from tests.workers.test_relaying import questions
from tests.workers.together import SECRET, hand, place, run

pytestmark = pytest.mark.journey  # Whole homes on a disk that others use too.


def holders(root: Path, content: bytes) -> list[Path]:
    """Return the files that contain something."""
    files = [each for each in root.rglob("*") if each.is_file()]
    return [each for each in files if content in each.read_bytes()]


def deep() -> Any:
    value: Any = 1
    for _ in range(3_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "returned",
    [Work(output="\ud800"), Work(output=object()), Work(output=deep()), Work(summary=1), None],  # type: ignore[arg-type]
)
def test_what_cannot_be_sent_ends_the_attempt_and_says_why(tmp_path: Path, returned: Any) -> None:
    async def give(_: Assignment, __: Line) -> Any:
        return returned

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(give):
            failed = (await there.finish(hand("a"))).states["a"]
            assert isinstance(failed, Failed)
            assert failed.failure.code in ("worker.unsayable", "work.no_work")
            assert not failed.failure.retryable

    run(story())


@pytest.mark.parametrize(
    "say",
    [
        lambda line: line.log("aloud", "hello"),
        lambda line: line.usage(Usage(input_tokens=1.5)),  # type: ignore[arg-type]
        lambda line: line.progress("half", 2),
    ],
)
def test_a_message_that_the_server_could_not_read_fails_its_attempt_and_no_other(
    tmp_path: Path, say: Any
) -> None:
    async def some(assignment: Assignment, line: Line) -> Work:
        if assignment.step == "a":
            say(line)
        return Work()

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(some):
            ended = await there.finish(hand("a"), hand("b"))
            failed = ended.states["a"]
            assert isinstance(failed, Failed)
            assert failed.failure.code == "worker.unsayable"
            assert isinstance(ended.states["b"], Succeeded)

    run(story())


def test_half_characters_are_told_as_question_marks(tmp_path: Path) -> None:
    async def halves(_: Assignment, line: Line) -> Work:
        line.log("info", "a \ud800")
        line.progress(1, 2, "a \ud800")
        raise AttemptFailed("half", "a \ud800", detail={"a": object()})

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(halves):
            failed = (await there.finish(hand("a"))).states["a"]
            assert isinstance(failed, Failed)
            assert (failed.failure.reason, failed.failure.detail) == ("a ?", None)

    run(story())


def test_a_secret_of_the_worker_is_in_no_file_of_either_side(tmp_path: Path) -> None:
    async def tell(assignment: Assignment, line: Line) -> Work:
        line.progress(1, 2, f"half {SECRET}")
        line.usage(Usage(input_tokens=1), model=SECRET)
        if assignment.step == "a":
            return Work(SECRET, output={"k": [f"x{SECRET}"], SECRET: 1})
        if assignment.step == "b":
            raise AttemptFailed("no", SECRET, hint=SECRET, retryable=False, detail={"d": SECRET})
        await line.permit(Action("question", f"Is it {SECRET}?", {"x": SECRET}))
        return Work()

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(tell):
            begun = await there.begin(hand("a"), hand("b"), hand("c"))
            while not (asked := questions(there)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await there.held.command_bus.do(AnswerGiven(asked.pop(), 7), "user:ada")
            ended = await there.held.engine.settled(begun)
            done = ended.states["a"]
            assert isinstance(done, Succeeded)
            assert done.work == Work("[secret]", output={"k": ["x[secret]"], "[secret]": 1})
            assert not holders(tmp_path, SECRET.encode())

    run(story())


def test_an_attempt_may_ask_more_often_than_answers_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "ANSWERS_MAX", 3)

    async def ask(_: Assignment, line: Line) -> Work:
        for _number in range(12):
            await line.permit(Action("command", "ls", {"argv": ["ls"]}, ("reads_files",)))
        return Work()

    async def story() -> None:
        async with place(tmp_path) as there:
            spending = Spending("gpt-4o", by_call=True)
            async with there.worker(ask, spending=spending):
                ended = await there.finish(hand("a", spending=spending))
                assert ended.status == "succeeded"

    run(story())


def test_a_question_that_is_too_long_is_refused_where_it_is_asked(tmp_path: Path) -> None:
    async def ask(_: Assignment, line: Line) -> Work:
        await line.permit(Action("command", "ls", {"argv": ["x" * 300_000]}, ("reads_files",)))
        return Work()

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(ask):
            failed = (await there.finish(hand("a"))).states["a"]
            assert isinstance(failed, Failed)
            assert failed.failure.code == "worker.too_large"

    run(story())


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "ARTIFACT_BYTES_MAX", 10)

    async def keep(_: Assignment, line: Line) -> Work:
        line.keep("a.bin", b"x" * 11, media_type="text/plain", title="", obtained="")
        return Work()

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(keep):
            failed = (await there.finish(hand("a"))).states["a"]
            assert isinstance(failed, Failed)
            assert failed.failure.code == "artifact.too_large"
            assert not failed.failure.retryable

    run(story())
