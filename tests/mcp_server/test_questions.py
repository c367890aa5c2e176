"""Questions of steps through MCP: a person answers, in the form that is asked for."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import answer, end_all, mission
from tests.mcp_server.house import Person, by_pipe, refused, saved, told, up
from tests.workers.house import until

pytestmark = pytest.mark.journey

FORM = {
    "type": "object",
    "properties": {"fits": {"type": "boolean"}},
    "required": ["fits"],
    "additionalProperties": False,
}
ASKS = """
name: asks
steps:
  fit:
    agent: boss
    with: {question: Does it fit?}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    found = tmp_path / "home"
    form = tmp_path / "form.json"
    form.write_text(json.dumps(FORM))
    made = mission(found, "agent", "add", "boss", "--kind", "person", "--output", str(form))
    assert made.returncode == 0, made.stderr
    saved(found, ASKS)
    up(found)
    yield found
    end_all()


def test_a_person_answers_what_a_step_asks(home: Path) -> None:
    assert mission(home, "workflow", "run", "asks").returncode == 0
    (row,) = until(lambda: answer(home, "questions", "list"), "a question")
    question = row["question"]
    person = Person()

    async def scene() -> None:
        async with by_pipe(home, elicitation_callback=person) as client:
            (listed,) = (await told(client, "list_questions"))["items"]
            assert (listed["question"], listed["title"]) == (question, "Does it fit?")
            refusal = await refused(client, "answer_question", question="question-none")
            assert refusal.endswith("(question.unknown)")
            assert (await told(client, "answer_question", question=question))["told"] is False
            person.content = {"answer": "maybe"}
            refusal = await refused(client, "answer_question", question=question)
            assert refusal.endswith("(question.bad_answer)")
            person.content = {"answer": '{"fits": true}'}
            assert (await told(client, "answer_question", question=question))["told"] is True
            over = await told(client, "follow_run", run=row["run"])
            assert (over["because"], over["status"]) == ("ended", "succeeded")
            refusal = await refused(client, "answer_question", question=question)
            assert refusal.endswith("(question.unknown)")

    asyncio.run(scene())
    assert "Does it fit?" in person.read[0]
    assert '"fits"' in person.read[0]
