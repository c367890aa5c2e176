"""The file at which a plan begins, and what it does not build on."""

from pathlib import Path

import pytest
from tests.planner.test_local_planning import made

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

WEB = {
    "pyproject.toml": '[project]\nname = "teaweb"\nversion = "1.0"\n',
    "teaweb/requests.py": "class Request:\n    def request(self):\n        pass\n" * 9,
    "teaweb/routing.py": "class Router:\n    def route(self, request):\n        return request\n",
    "teaweb/schemas.py": "def get_endpoints(routes):\n    return [r.endpoint for r in routes]\n",
    "teaweb/middleware/base.py": "class BaseMiddleware:\n    def dispatch(self, request):\n"
    "        raise NotImplementedError\n",
    "teaweb/middleware/gzip.py": "class GzipMiddleware:\n    limit = 1\n",
    "teaweb/middleware/limits.py": "class LimitMiddleware:\n    rate = 1\n    request = 2\n",
    "teaweb/testclient.py": "class TestClient:\n    http = 1\n\n    def client(self):\n"
    "        pass\n",
    "tests/test_base.py": "def test_client_http():\n    client = 1\n" * 9,
}
QUEUE = {
    "pyproject.toml": '[project]\nname = "teaqueue"\nversion = "1.0"\n',
    "teaqueue/worker.py": "class Worker:\n    def run_job(self, job, queue):\n        return job\n",
    "teaqueue/sql/schema.sql": "CREATE TABLE jobs (queue text, worker text);\n"
    "CREATE INDEX jobs_queue_worker ON jobs (queue, worker);\n" * 9,
    "teaqueue/contrib/cleanup.py": "def clean(queue, jobs):\n    # paused ones: skip jobs\n"
    "    return [job for job in jobs if queue]\n",
    "teaqueue/jobs.py": "class Job:\n    queue = 'tea'\n",
    "teaqueue/cli.py": "def add_arguments(parser):\n    parser.add_argument('jobs')\n" * 5,
    "teaqueue/logging.py": "def get_logger(name):\n    return name\n",
}
POOLS = {
    "pyproject.toml": '[project]\nname = "teapool"\nversion = "1.0"\n',
    "teapool/adapters.py": "class Adapter:\n"
    "    def get_connection(self, pool, host):\n"
    '        """DEPRECATED: use `get_pool_connection`."""\n'
    "        return pool\n\n"
    "    def get_pool_connection(self, url):\n        return url\n",
}


def planned(tmp_path: Path, goal: str, files: dict[str, str]) -> Plan:
    place = made(tmp_path / "code", files, commits=0)
    brief = Brief(goal, "", (), "", place, None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))


@pytest.mark.parametrize(
    ("goal", "files", "place"),
    [
        ("Middleware that logs each request", WEB, "teaweb/middleware/base.py"),
        ("Add rate limiting middleware", WEB, "teaweb/middleware/base.py"),
        ("Support HTTP/2 in the test client", WEB, "teaweb/testclient.py"),
        ("Let a worker skip jobs whose queue is paused", QUEUE, "teaqueue/worker.py"),
        ("Log slow jobs", QUEUE, "teaqueue/logging.py"),
        ("Index the jobs table by queue", QUEUE, "teaqueue/sql/schema.sql"),
    ],
)
def test_a_change_begins_where_the_thing_it_names_lives(
    tmp_path: Path, goal: str, files: dict[str, str], place: str
) -> None:
    assert f"The change begins at `{place}`." in planned(tmp_path, goal, files).summary


def test_nothing_builds_on_what_calls_itself_deprecated(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add a connection pool size option per host", POOLS)
    decided = " ".join(f"{each.choice} {each.reason}" for each in plan.decisions)
    assert "`get_connection`" not in decided
    details = " ".join(task.detail for task in plan.tasks())
    assert "The closest definition is `get_pool_connection`" in details
    assert "Build nothing on `get_connection` (`teapool/adapters.py:3`)" in details


@pytest.mark.parametrize(
    ("heading", "where"),
    [("1.0 - unreleased", "under “1.0 - unreleased”"), ("1.0", "above “1.0”, which is out")],
)
def test_news_goes_under_the_heading_that_is_not_out_yet(
    tmp_path: Path, heading: str, where: str
) -> None:
    files = POOLS | {"CHANGES.md": f"# Changes\n\n## {heading}\n\n- Pools.\n"}
    plan = planned(tmp_path, "Add a connection pool size option per host", files)
    assert any(where in task.detail for task in plan.tasks())


def test_an_option_gets_no_module_of_its_own(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add a connection pool size option per host", POOLS)
    assert all(part.change != "new" for part in plan.architecture.components)


def test_a_name_that_stands_nowhere_is_asked_about(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add Grafana dashboards for the worker and its jobs", QUEUE)
    assert any("`Grafana` and `dashboards`" in question for question in plan.questions)


def test_how_a_thing_is_to_be_belongs_to_its_task(tmp_path: Path) -> None:
    goal = "Let a worker skip jobs whose queue is paused. Paused queues keep their jobs."
    plan = planned(tmp_path, goal, QUEUE)
    built = [task for task in plan.tasks() if task.is_handover and "R1" in task.requirements]
    assert [task.requirements for task in built] == [("R1", "R2")]
    changed = {part.path for part in plan.architecture.components if part.change == "changed"}
    assert changed <= {"teaqueue/worker.py"}


def test_a_definition_that_the_goal_names_stands_before_those_that_share_its_words(
    tmp_path: Path,
) -> None:
    shared = "def strip_iter(src):\n    return src\n\n\ndef chunked_iter(src):\n    return src\n"
    files = {**POOLS, "teapool/iterutils.py": shared}
    plan = planned(tmp_path, "Add a flag to strip whitespace in chunked_iter of iterutils", files)
    change = next(task for task in plan.tasks() if task.is_handover)
    assert 0 < change.detail.index("`chunked_iter`") < change.detail.find("`strip_iter`")


def test_a_method_of_an_object_in_javascript_is_where_the_work_begins(tmp_path: Path) -> None:
    files = {
        "package.json": '{"name": "tea", "version": "1.0.0"}',
        "lib/response.js": "function normalize (field) {\n  return field\n}\n\n"
        "module.exports = {\n  get status () {\n    return 200\n  },\n\n"
        "  redirect (url) {\n    if (/^https?:\\/\\//i.test(url)) {\n      url = String(url)\n"
        "    }\n    return this.set('Location', url)\n  }\n}\n",
        "lib/application.js": "const response = require('./response')\n",
    }
    goal = "Let ctx.redirect refuse targets on other hosts"
    plan = planned(tmp_path, goal, files)
    change = next(task for task in plan.tasks() if task.is_handover)
    assert change.detail.startswith("Begin at `lib/response.js`")
    assert "defines `redirect`" in change.detail
    assert "normalize" not in change.detail


def test_a_release_begins_where_its_version_stands(tmp_path: Path) -> None:
    files = {**QUEUE, "CHANGELOG.md": "# Changes\n\n## 1.0\n\n- Tea\n"}
    goal = "Release version 1.1. Make sure that the wheel installs on Python 3.11."
    plan = planned(tmp_path, goal, files)
    check, change = [task for task in plan.tasks() if task.is_handover][:2]
    assert change.detail.startswith("Begin in `pyproject.toml`, which says version 1.0 now")
    assert check.key in change.needs
    assert "with Python 3.11, in an environment that holds nothing else" in check.detail
    assert not {*check.detail.split(". ")} & {*change.detail.split(". ")}
    assert "`CHANGELOG.md`" in change.detail
    assert "CI file" not in change.detail
    assert "teaqueue/" not in change.detail


def test_what_is_moved_is_what_a_migration_is_about(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Migrate the jobs of the queue to a SQLite table", QUEUE)
    assert all("to a SQLite table” side by side" not in each.title for each in plan.decisions)
    assert any("jobs of the queue" in each.title for each in plan.decisions)
    details = " ".join(task.detail for task in plan.tasks() if task.is_handover)
    assert "queue to a SQLite table” brings" not in details


def test_a_cut_sentence_does_not_end_in_a_word_that_leads_on() -> None:
    text = "The error raised by `parse` at the end of a long line of a file"
    assert shortened(text, 36) == "The error raised by `parse`…"


def test_a_new_test_goes_into_a_test_file_and_not_among_doctests(tmp_path: Path) -> None:
    files = {
        "teapot/heating.py": 'def heat(pot):\n    """Heat.\n\n    >>> heat(1)\n    1\n    """\n'
        "    return pot\n",
        "tests/test_heating.py": "def test_heat():\n    assert True\n",
    }
    plan = planned(tmp_path, "Fix `heat`: it forgets the pot", files)
    details = " ".join(task.detail for task in plan.tasks() if task.is_change)
    assert "test in `tests/test_heating.py`" in details
