"""Each template on a real repository: a sound plan that says what it changes and where."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.templates import Templates, built_in
from missioncontrol.domain.plan import Plan, faults
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from tests.sources import source
from tests.templates.test_templates import PYTHON

CASES: dict[str, tuple[str, dict[str, str], str]] = {
    "feature": (
        "datasette",
        {
            "feature": "an option that limits how long a query may be cached",
            "seen": "a response carries the age that was set",
        },
        "",
    ),
    "bug-from-stack-trace": ("flask", {"trace": PYTHON}, "src/flask/sessions.py"),
    "dependency-upgrade": ("flask", {"package": "werkzeug", "target": "3.2"}, ""),
    "performance-hunt": (
        "starlette",
        {"slow": "routing of requests with thousands of routes", "wanted": "5 ms"},
        "starlette/routing.py",
    ),
    "security-review": (
        "starlette",
        {
            "part": "the handling of multipart uploads",
            "path": "starlette/formparsers.py",
            "harm": "a request fills the memory",
        },
        "starlette/formparsers.py",
    ),
    "test-coverage": (
        "starlette",
        {"part": "the session middleware", "cases": "a cookie one second past its age"},
        "",
    ),
    "api-design": (
        "datasette",
        {
            "resource": "saved queries of a database",
            "operations": "list the saved queries of one database\nsave a query under a name",
        },
        "",
    ),
    "data-migration": (
        "procrastinate",
        {"data": "the procrastinate_jobs table", "target": "one partition a month"},
        "procrastinate/sql/schema.sql",
    ),
    "refactoring": (
        "flask",
        {
            "part": "the cookie handling from SecureCookieSessionInterface",
            "target": "a module of its own",
        },
        "src/flask/sessions.py",
    ),
    "removal": ("flask", {"part": "support for Python 3.9"}, ""),
    "release": ("starlette", {"version": "1.0.0", "checks": "the changelog names it"}, ""),
    "documentation": (
        "flask",
        {
            "topic": "how to write a session backend",
            "reader": "somebody who extends it",
            "path": "docs/sessions.rst",
        },
        "",
    ),
    "incident-follow-up": (
        "procrastinate",
        {"incident": "jobs were executed twice after the database failed over"},
        "",
    ),
    "new-service": (
        "",
        {
            "service": "a service that turns uploaded CSV files into databases",
            "abilities": "accept files of up to 100 MB\ntell whoever uploads what was wrong",
            "language": "Python",
        },
        "",
    ),
}
NO_CODE = {"security-review", "incident-follow-up", "documentation"}


class Silent:
    """A desk without a listener."""

    scratch = Path("/nonexistent")

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: 60.0


def planned(key: str) -> Plan:
    package, answers, _ = CASES[key]
    repository = source(package) if package else None
    made = Templates(None).filled(key, answers, str(repository) if repository else "")
    brief = Brief(
        made.text,
        made.title,
        made.constraints,
        made.context,
        repository,
        None,
        None,
        {},
        60.0,
        kind=made.kind,
    )
    return LocalPlanner().plan(brief, Silent())


def texts(plan: Plan) -> str:
    return " ".join(
        [
            plan.summary,
            *(f"{phase.title} {phase.purpose}" for phase in plan.phases),
            *(f"{task.title} {task.detail} {' '.join(task.acceptance)}" for task in plan.tasks()),
        ]
    )


def test_every_template_has_a_repository_to_be_tried_on() -> None:
    assert set(CASES) == {each.template.key for each in built_in()}


@pytest.mark.parametrize("key", CASES)
def test_the_plan_is_sound_and_of_the_kind_that_the_template_says(key: str) -> None:
    plan = planned(key)
    assert faults(plan) == []
    assert plan.kinds[0] == Templates(None).get(key).template.kind
    begins = CASES[key][2]
    assert begins in texts(plan)
    if key in NO_CODE:
        assert "no code changes" in plan.summary or "and no code" in plan.summary
        assert "change code" not in texts(plan)
        assert "changes the code" not in texts(plan)


def test_a_trace_makes_the_plan_begin_at_its_innermost_frame() -> None:
    plan = planned("bug-from-stack-trace")
    change = next(task for task in plan.tasks() if task.is_change)
    assert change.detail.startswith("Begin at `src/flask/sessions.py`")
    assert "open_session" in change.detail
