"""Where a repository does one thing in two ways and the goal has to choose, the records say so."""

from typing import Any

import msgspec
import pytest

from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.studio import markdown
from missioncontrol.documents.studio.builder import built
from missioncontrol.domain.plan import Plan
from tests.documents.records import Made, redis_run

HTTP = [("requests", "runtime"), ("httpx", "runtime")]


def said(
    wanted: str, declared: list[tuple[str, str]], *, goal: str = "", decisions: bool = True
) -> str:
    """Return the records of a mission whose first requirement is `wanted`."""
    made = redis_run()
    rows = [
        {"name": name, "group": group, "manifest": "pyproject.toml", "line": line}
        for line, (name, group) in enumerate(declared, start=4)
    ]
    survey = msgspec.json.encode({"stack": {"dependencies": rows}})
    content = made.store.keep("survey.json", survey, "application/json")
    record = _with(made, content, lambda plan: _asking(plan, wanted, keep=decisions))
    record = msgspec.structs.replace(record, goal=goal or wanted)
    return markdown.text_of(built(record, "adrs", made.store.read))


def _with(made: Made, artifact: Any, change: Any) -> MissionRecord:
    first, *others = made.record.tasks
    artifacts = tuple(each for each in first.work.artifacts if each.name != artifact.name)
    work = msgspec.structs.replace(first.work, artifacts=(*artifacts, artifact))
    tasks = (msgspec.structs.replace(first, work=work), *others)
    return msgspec.structs.replace(made.record, tasks=tasks, plan=change(made.record.plan))


def _asking(plan: Plan, wanted: str, *, keep: bool) -> Plan:
    requirements = tuple(
        msgspec.structs.replace(each, text=wanted if place == 0 else "Nothing else")
        for place, each in enumerate(plan.requirements)
    )
    decisions = plan.decisions if keep else ()
    return msgspec.structs.replace(plan, requirements=requirements, decisions=decisions)


@pytest.mark.parametrize("decisions", [True, False])
def test_two_clients_and_a_goal_that_has_to_choose_are_a_decision_to_make(decisions: bool) -> None:
    text = said("Fetch the rates once a day", HTTP, decisions=decisions)
    assert "## To be decided · Which HTTP client to use" in text
    assert "`requests`, declared in `pyproject.toml:4`" in text
    assert "`httpx`, declared in `pyproject.toml:5`" in text
    assert "survey.json/stack/dependencies/1" in text
    assert "No decision" not in text


@pytest.mark.parametrize(
    ("wanted", "declared"),
    [
        ("Fetch the rates once a day", HTTP[:1]),
        ("Fetch the rates once a day", [HTTP[0], ("httpx", "dev")]),
        ("Sort the rates by name", HTTP),
        ("Name the module `http` anew", HTTP),
        ("Fetch the rates with httpx", HTTP),
        ("Show the prefetched rates", HTTP),
    ],
    ids=["one-client", "only-to-develop", "another-subject", "a-name", "named", "another-word"],
)
def test_nothing_is_open_where_the_facts_do_not_say_so(
    wanted: str, declared: list[tuple[str, str]]
) -> None:
    assert "To be decided" not in said(wanted, declared)


def test_two_formats_of_a_configuration_file_are_a_decision_too() -> None:
    text = said("Read limits from a settings file", [("PyYAML", "runtime"), ("tomlkit", "runtime")])
    assert "Which format a configuration file has" in text
    assert "`PyYAML`" in text
