"""People as agents."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.person_kind import PersonKind
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Action, AttemptFailed, Verdict
from tests.agents.heard import HeardLine, a_workshop, assignment, run

KIND = PersonKind()
FORM = Shape("object", {"fits": Shape("boolean"), "note": Shape("string", required=False)})


def answering(*answers: Any) -> HeardLine:
    left = list(answers)

    def permit(action: Action) -> Verdict:
        return Verdict(is_allowed=True, by="ada", answer=left.pop(0))

    return HeardLine(permit)


def work(root: Path, line: HeardLine, inputs: dict[str, Any], **settings: Any) -> Work:
    agent = KIND.make(Declaration("p", "person", settings, output=FORM), a_workshop(root))
    return run(agent.perform(assignment(inputs), line))


def test_a_person_gets_the_task_with_a_form_and_answers_it(tmp_path: Path) -> None:
    line = answering({"fits": True})
    done = work(tmp_path, line, {"question": "Does it fit?", "size": 3})
    assert done.output == {"fits": True}
    assert done.summary == "ada answered."
    (asked,) = line.asked
    assert (asked.kind, asked.title) == ("question", "Does it fit?")
    assert asked.detail["inputs"]["size"] == 3
    assert asked.form is not None
    assert asked.form["required"] == ["fits"]


def test_an_answer_that_does_not_fit_is_asked_for_again_with_its_fault(tmp_path: Path) -> None:
    line = answering({"fits": "yes"}, {"fits": True})
    assert work(tmp_path, line, {}).output == {"fits": True}
    assert "fits is the text 'yes', not a boolean" in line.asked[1].detail["fault"]


def test_it_is_not_asked_for_ever(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as caught:
        work(tmp_path, answering(1, 2, 3), {}, asks=2)
    assert caught.value.code == "person.bad_answer"


def test_a_person_may_decline(tmp_path: Path) -> None:
    line = HeardLine(lambda action: Verdict(is_allowed=False, reason="Not mine.", by="ada"))
    with pytest.raises(AttemptFailed, match="ada declined the task: Not mine") as caught:
        work(tmp_path, line, {})
    assert not caught.value.retryable


def test_a_task_can_be_for_somebody(tmp_path: Path) -> None:
    line = answering({"fits": True})
    work(tmp_path, line, {}, to=["ada", "bo"])
    assert line.asked[0].detail["to"] == ["ada", "bo"]


def test_without_a_declared_output_the_form_asks_for_words(tmp_path: Path) -> None:
    agent = KIND.make(Declaration("p", "person"), a_workshop(tmp_path))
    line = answering({"answer": "so"})
    assert run(agent.perform(assignment({}), line)).output == {"answer": "so"}


def test_a_proof_disturbs_nobody(tmp_path: Path) -> None:
    proof = run(KIND.prove(Declaration("p", "person"), a_workshop(tmp_path), round_trip=True))
    assert "answer" in proof.said
