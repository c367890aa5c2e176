"""Prose of a model: what fits the facts is stored, the rest is refused with a reason."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.openai_compatible import Endpoint, OpenAICompatible
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.writer import Writer
from missioncontrol.specialists.writer.prose import (
    FACTS_LENGTH_MAX,
    WANTED,
    Prose,
    ProsingWriter,
    facts_of,
    fault_of,
    write_prose,
)
from missioncontrol.testing.local_workspace import LocalDesk
from missioncontrol.testing.scripted_models import Reply, serving
from tests.specialists.small_mission import PLAN, brief_for, write_repository

FACTS = {
    "goal": "Add a Redis session backend",
    "D1": "Where it plugs in: As another implementation of `SessionInterface` "
    "(`src/flask/sessions.py:108`).",
    "D3": "While Redis cannot be reached, the Redis session backend fails with an error that "
    "names Redis; nothing is answered from a stale copy.",
    "task:survey": "235 files, 10,271 lines of code in Python.",
    "task:add": "Add the backend. It is handed over and not done.",
}


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        (
            "The Redis session backend is another implementation of `SessionInterface`.",
            ["goal", "D1"],
        ),
        ("The code has 10 271 lines of Python in 235 files.", ["task:survey"]),
        ("Nothing is answered from a stale copy while Redis cannot be reached.", ["D3"]),
        ("The backend is handed over and not done.", ["task:add"]),
    ],
)
def test_what_the_facts_say_in_other_words_holds(text: str, cited: list[str]) -> None:
    assert fault_of(text, cited, FACTS) == ""


@pytest.mark.parametrize(
    ("text", "cited", "why"),
    [
        ("The code has 10,272 lines of Python.", ["task:survey"], "10,272"),
        ("The code has twelve files of Python.", ["task:survey"], "twelve"),
        ("The backend implements `SessionStore` of Redis.", ["D1"], "SessionStore"),
        ("Look at src/flask/other.py for SessionInterface.", ["D1"], "src/flask/other.py"),
        ("The backend is handed over and done.", ["task:add"], "opposite"),
        ("The Redis backend is answered from a stale copy.", ["D3"], "opposite"),
        ("The Redis session backend is secure.", ["goal"], "secure"),
        ("Customers will love how quickly their baskets load.", ["goal"], "No fact says"),
        ("Add a backend of Memcached.", ["goal"], "Memcached"),
        ("Add a Redis session backend.", ["R9"], "no fact"),
        ("Add a Redis session backend.", [], "0 facts"),
        ("# Add a Redis session backend", ["goal"], "'#'"),
        ("Add a [Redis](https://x) session backend", ["goal"], "plain sentences"),
        ("Add a Redis session backend. " * 60, ["goal"], "at most"),
        (" ", ["goal"], "empty"),
    ],
)
def test_what_says_more_or_otherwise_is_refused(text: str, cited: list[str], why: str) -> None:
    assert why in fault_of(text, cited, FACTS)


def prose_of(directory: Path, *replies: Reply, seconds: float = 60.0) -> tuple[Prose, LocalDesk]:
    desk = LocalDesk(directory / "desk", seconds=seconds)
    brief = brief_for("specification", write_repository(directory / "repository"))
    with serving(*replies) as server:
        model = OpenAICompatible(Endpoint(server.url, "scripted"))
        return write_prose(model, brief, PLAN, desk), desk


def answer(*passages: dict[str, Any]) -> Reply:
    return Reply(msgspec.json.encode({"passages": passages}).decode())


def good() -> dict[str, Any]:
    wanted = PLAN.requirements[0]
    return {"section": "prd/asked", "text": wanted.text, "facts": [wanted.id]}


def test_each_passage_is_judged_and_its_tokens_are_counted(tmp_path: Path) -> None:
    bad = {**good(), "section": "design/overview", "text": "It saves 40 % of the cost."}
    odd = {**good(), "section": "prd/poem"}
    prose, desk = prose_of(tmp_path, answer(good(), good(), bad, odd))
    assert [each.accepted for each in prose.passages] == [True, False, False, False]
    reasons = [each.reason for each in prose.passages]
    assert reasons[0] == ""
    assert "already" in reasons[1]
    assert "40" in reasons[2]
    assert "no section" in reasons[3]
    assert desk.used.input_tokens == 100
    assert prose.model == "scripted"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply("I would rather not."), "schema"),
        (Reply("no", status=401), "model.refused"),
    ],
)
def test_without_an_answer_that_fits_the_reason_is_kept(
    tmp_path: Path, reply: Reply, message: str
) -> None:
    prose, _ = prose_of(tmp_path, reply)
    assert prose.passages == ()
    assert message in prose.failure


def test_without_time_nobody_is_asked(tmp_path: Path) -> None:
    prose, desk = prose_of(tmp_path, answer(good()), seconds=3.0)
    assert "model.late" in prose.failure
    assert desk.used.input_tokens == 0


def test_a_budget_that_is_used_up_leaves_the_local_text(tmp_path: Path) -> None:
    class Poor(LocalDesk):
        def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
            raise AttemptFailed("budget.exceeded", "Nothing is left.", retryable=False)

    brief = brief_for("specification", write_repository(tmp_path / "repository"))
    with serving(answer(good())) as server:
        model = OpenAICompatible(Endpoint(server.url, "scripted"))
        work = ProsingWriter(Writer(), model).work(brief, Poor(tmp_path / "desk"))
        assert server.requests == []
    names = {each.name for each in work.artifacts}
    assert {"specification.md", "execution-pack.md", "prose.json"} <= names
    prose = msgspec.json.decode((tmp_path / "desk" / "prose.json").read_bytes(), type=Prose)
    assert "budget.exceeded" in prose.failure


def test_the_facts_are_bounded_and_named_as_documents_know_them() -> None:
    long = msgspec.structs.replace(
        PLAN,
        requirements=tuple(
            msgspec.structs.replace(PLAN.requirements[0], id=f"R{n}", text="word " * 400)
            for n in range(1, 80)
        ),
    )
    facts = facts_of(brief_for("specification", None, plan=long), long)
    assert sum(map(len, facts.values())) <= FACTS_LENGTH_MAX
    assert {"goal", "R1"} <= facts.keys()
    assert all("/" in section for section in WANTED)
