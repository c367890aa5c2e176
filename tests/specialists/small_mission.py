"""A small shop with sessions, a plan to change it, and what earlier tasks left, built by hand."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.plan import (
    Architecture,
    Component,
    Decision,
    ExpectedArtifact,
    Option,
    Phase,
    Plan,
    Relation,
    Requirement,
    Risk,
    Task,
)
from missioncontrol.domain.work import ArtifactRef, CommandRan, FilesRead, TestsRan, Work
from missioncontrol.specialists.specialist import Brief, Delivered

GOAL = "Add a Redis session store"
STORE = '''"""Keeps sessions."""


class SessionStore:
    """Where sessions live."""

    def load(self, key):
        raise NotImplementedError

    def save_session(self, key, values):
        raise NotImplementedError


class MemorySessionStore(SessionStore):
    """Forgets everything at the end."""

    def __init__(self):
        self.kept = {}

    def load(self, key):
        return self.kept.get(key)

    def save_session(self, key, values):
        self.kept[key] = values


def old_session(key):
    """Open a session.

    .. deprecated:: 2.0
    """
'''
APP = '''"""Answers requests."""

from shop.store import MemorySessionStore


class App:
    """The application."""

    sessions = MemorySessionStore()

    def answer(self, request):
        values = self.sessions.load(request.key)
        self.sessions.save_session(request.key, values)
'''
TEST = """from shop.store import MemorySessionStore


def test_a_session_is_kept():
    store = MemorySessionStore()
    store.save_session("a", 1)
    assert store.load("a") == 1
"""
FILES = {
    "pyproject.toml": (
        '[project]\nname = "shop"\nversion = "1.0"\ndependencies = ["click>=8"]\n\n'
        '[project.optional-dependencies]\nfast = ["orjson"]\n\n'
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    ),
    "src/shop/__init__.py": "from shop.store import SessionStore as SessionStore\n",
    "src/shop/store.py": STORE,
    "src/shop/app.py": APP,
    "tests/test_store.py": TEST,
}
COMMIT = "c" * 40
JUNIT = '<testsuite><testcase name="a"/><testcase name="b"/></testsuite>'
SOURCE = "goal: “Add a Redis session store”"
STORE_PATH = "src/shop/store.py"


def write_repository(directory: Path, files: Mapping[str, str] = FILES) -> Path:
    """Make a git repository with these files and one commit."""
    root = directory / "repository"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git = ("git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@b.c")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        subprocess.run([*git, *command], check=True)
    return root


def task(key: str, role: str, **more: Any) -> Task:
    """Return a task that serves R1 unless set otherwise."""
    defaults: dict[str, Any] = {
        "title": f"Do {key}",
        "detail": f"What {key} is about.",
        "acceptance": (f"{key} is done.",),
        "requirements": ("R1",),
    }
    return Task(key=key, role=role, **(defaults | more))  # type: ignore[arg-type]


def expected(*names: str) -> tuple[ExpectedArtifact, ...]:
    """Return expected artifacts with these names."""
    return tuple(ExpectedArtifact(name, "text/plain") for name in names)


REQUIREMENTS = (
    Requirement("R1", GOAL, source=SOURCE),
    Requirement(
        "R2",
        "No new runtime dependencies",
        "constraint",
        "constraint: “No new runtime dependencies”",
    ),
)
RISKS = (
    Risk("K1", "Redis is gone", "medium", "high", "Give every call a time limit", "A network call"),
)
DECISIONS = (
    Decision(
        "D1",
        "Where the Redis store plugs in",
        "As another implementation of `SessionStore` (`src/shop/store.py:4`).",
        "`MemorySessionStore` shows that one fits.",
        "It can do no more than `SessionStore` lets it.",
        (Option("Branch inside `MemorySessionStore`", "No new class, but all run through it."),),
    ),
)
TASKS = (
    task("tests", "tester", artifacts=expected("tests.json", "junit.xml")),
    task("architecture", "architect", artifacts=expected("architecture.json")),
    task(
        "specification",
        "writer",
        needs=("tests", "architecture"),
        requirements=("R1", "R2"),
        artifacts=expected(
            "specification.md", "outline.md", "execution-pack.md", "execution-pack.json"
        ),
    ),
    task(
        "review",
        "reviewer",
        needs=("tests", "architecture", "specification"),
        requirements=("R1", "R2"),
    ),
    task(
        "declare",
        "builder",
        title="Declare the client",
        detail="Add `redis` to `pyproject.toml` beside the extra `fast`.",
        acceptance=("R2: installing shop does not install `redis`.",),
        requirements=("R1", "R2"),
        needs=("specification",),
    ),
    task(
        "build",
        "builder",
        title="Write the store",
        detail=(
            "Write another `SessionStore` (`src/shop/store.py:4`) with `load` and `save_session`; "
            "`src/shop/app.py:9` chooses the present one."
        ),
        acceptance=("A test of it in `tests/test_store.py` passes.",),
        needs=("declare",),
        decisions=("D1",),
        risks=("K1",),
    ),
)
ARCHITECTURE = Architecture(
    (
        Component("store", "src/shop/store.py", "module", "Holds sessions", STORE_PATH, "changed"),
        Component("redis", "Redis", "store", "Outside system", change="new"),
    ),
    (Relation("store", "redis", "writes to"),),
)
PLAN = Plan(
    goal=GOAL,
    title=GOAL,
    summary="A second session store.",
    kinds=("feature",),
    stack=("Python",),
    phases=(Phase("all", "All", "Everything", TASKS),),
    requirements=REQUIREMENTS,
    risks=RISKS,
    decisions=DECISIONS,
    architecture=ARCHITECTURE,
    obtained="written by hand",
)


def with_tasks(plan: Plan, *tasks: Task) -> Plan:
    """Return the plan with these tasks in place of those with the same keys."""
    changed = {each.key: each for each in tasks}
    replaced = tuple(changed.pop(each.key, each) for each in plan.tasks())
    phases = (msgspec.structs.replace(plan.phases[0], tasks=(*replaced, *changed.values())),)
    return msgspec.structs.replace(plan, phases=phases)


def brief_for(
    key: str,
    repository: Path | None,
    *,
    plan: Plan = PLAN,
    upstream: Mapping[str, Delivered] | None = None,
    constraints: Sequence[str] = ("No new runtime dependencies",),
) -> Brief:
    """Return the brief of one task of the plan."""
    found = next((each for each in plan.tasks() if each.key == key), None)
    return Brief(
        goal=plan.goal,
        title=plan.title,
        constraints=tuple(constraints),
        context="",
        repository=repository,
        plan=plan,
        task=found,
        upstream=upstream or {},
        seconds_max=30,
    )


def delivered(directory: Path, files: Mapping[str, str], **work: Any) -> Delivered:
    """Return a task's work with these files as artifacts, stored under `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    refs, paths = [], {}
    for name, text in files.items():
        data = text.encode()
        (directory / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        refs.append(ArtifactRef(name, digest, len(data), "text/plain"))
        paths[name] = directory / name
    return Delivered("succeeded", Work(artifacts=tuple(refs), **work), paths)


def suite_ran(directory: Path, **work: Any) -> Delivered:
    """Return what a tester leaves whose two tests passed."""
    tests = {
        "status": "passed",
        "command": ["python", "-m", "pytest"],
        "source": "pyproject.toml:9",
    }
    tests |= {"exit_code": 0, "passed": 2, "failed": 0, "errors": 0, "skipped": 0}  # type: ignore[dict-item]
    defaults = {
        "summary": "`python -m pytest` ran 2 tests: 2 passed in 0.1 s, exit status 0.",
        "evidence": (
            CommandRan(("python", "-m", "pytest"), 0, 0.1),
            TestsRan("junit.xml", 2, 0, 0, 0),
        ),
    }
    return delivered(
        directory, {"tests.json": json.dumps(tests), "junit.xml": JUNIT}, **(defaults | work)
    )


def drawn(directory: Path, **work: Any) -> Delivered:
    """Return what an architect leaves."""
    near = {
        "path": STORE_PATH,
        "imported_by": ["src/shop/app.py"],
        "reaches": 4,
        "tests": ["tests/test_store.py"],
        "tests_through": 0,
        "cycles": [],
    }
    data = {"counts": {"modules": 3}, "goal": [near]}
    defaults = {"summary": "3 modules.", "evidence": (FilesRead(4, 0),)}
    return delivered(directory, {"architecture.json": json.dumps(data)}, **(defaults | work))
