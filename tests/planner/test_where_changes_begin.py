"""The file at which a plan begins, and what it does not build on."""

from pathlib import Path

import pytest
from tests.planner.test_local_planning import made

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.desk import LocalDesk

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
        ("Add a router that versions endpoints by header", WEB, "teaweb/routing.py"),
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
    assert "`get_pool_connection`" in decided
    said = " ".join(task.detail for task in plan.tasks())
    assert "Build nothing on `get_connection` (`teapool/adapters.py:3`)" in said


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
