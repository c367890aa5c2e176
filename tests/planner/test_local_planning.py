"""The local planner on small repositories made for the test, and on odd goals."""

import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.plan import Plan, faults
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.planner.planner import LocalPlanner, Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

SHOP = {
    "pyproject.toml": '[project]\nname = "teashop"\nversion = "2.1.0"\n'
    'requires-python = ">=3.10"\n'
    'dependencies = ["httpx>=0.27"]\n'
    '[project.optional-dependencies]\ncli = ["click>=8"]\n'
    "[tool.pytest.ini_options]\n",
    "CHANGES.md": "# Changes\n\n## 2.1.0\n\n- Carts.\n",
    "src/teashop/__init__.py": "from teashop.carts import CartStore as CartStore\n",
    "src/teashop/carts.py": "class CartStore:\n    def load(self, key):\n"
    "        raise NotImplementedError\n\n    def save(self, key, cart):\n"
    "        raise NotImplementedError\n\n\nclass MemoryCartStore(CartStore):\n"
    "    def load(self, key):\n        return {}\n",
    "src/teashop/app.py": "from teashop.carts import MemoryCartStore\n\n"
    "store = MemoryCartStore()\n",
    "tests/test_carts.py": "from teashop.carts import CartStore\n\n\n"
    "def test_a_cart_is_kept():\n    assert CartStore\n",
}
MAP = {
    "package.json": '{"name": "starmap", "version": "0.3.1", "scripts": {"test": "node --test"}, '
    '"dependencies": {"d3": "^7.9.0"}}',
    "lib/project.js": "exports.project = function project(star) {\n  return star;\n};\n",
    "lib/draw.js": "const { project } = require('./project');\n"
    "exports.draw = function draw(stars) {\n  return stars.map(project);\n};\n",
}
QUEUE = {
    "go.mod": "module example.org/mailqueue\n\ngo 1.22\n",
    "queue.go": "package mailqueue\n\nfunc Enqueue(letter string) error {\n\treturn nil\n}\n",
    "worker.go": "package mailqueue\n\nfunc Deliver(letter string) error {\n\treturn nil\n}\n",
}
MISSIONS: list[tuple[str, dict[str, str], tuple[str, ...]]] = [
    ("Add a Redis cart store", SHOP, ("No new required dependencies",)),
    ("Draw 10,000 stars faster without changing the output of `draw`", MAP, ()),
    ("Fix the race when two workers deliver the same letter", QUEUE, ()),
    ("Build a seed library where members lend and return packets", {}, ("Python only",)),
    ("Translate the museum guide into Welsh. Visitors should be able to switch.", {}, ()),
]
ODD_GOALS = [
    "Login",
    "修复登录页面的崩溃。添加测试并更新文档。",
    "🚀🔥",
    "Without adding dependencies.",
    "Make `a and b` work:\n```python\nadd(1, 2)\n```\n",
    "- carts\n- stars\n- [ ] letters",
    "Add " + "one more very long wish, and then add another cart rule. " * 180,
    "….",
]


def made(directory: Path, files: dict[str, str], *, commits: int = 1) -> Path:
    directory.mkdir(parents=True)
    for path, text in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    for number in range(commits if files else 0):
        (directory / ".note").write_text(str(number))
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", f"step {number}"]):
            settings = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
            subprocess.run(["git", *settings, *command], cwd=directory, check=True)
    return directory


def brief(goal: str, repository: Path | None, *constraints: str, context: str = "") -> Brief:
    return Brief(goal, "", constraints, context, repository, None, None, {}, 60)


def planned(tmp_path: Path, goal: str, repository: Path | None, *constraints: str) -> Plan:
    desk = LocalDesk(tmp_path / "desk")
    return LocalPlanner().plan(brief(goal, repository, *constraints), desk)


def sentences(plan: Plan) -> set[str]:
    texts = [text for task in plan.tasks() for text in (task.title, task.detail)]
    texts += [text for task in plan.tasks() for text in (*task.acceptance, *task.risk_checks)]
    texts += [text for risk in plan.risks for text in (risk.title, risk.mitigation, risk.because)]
    for decision in plan.decisions:
        texts += [decision.title, decision.choice, decision.reason, decision.tradeoff]
        texts += [text for each in decision.alternatives for text in (each.title, each.tradeoff)]
    texts += [f"{part.name} {part.detail}" for part in plan.architecture.components]
    texts += [phase.purpose for phase in plan.phases]
    texts += plan.questions
    return {sentence for text in texts for sentence in re.split(r"(?<=[.?!]) ", text) if sentence}


def test_unrelated_missions_share_no_sentence(tmp_path: Path) -> None:
    """Two products of one kind share some of what is true of all of that kind."""
    plans = [
        planned(tmp_path, goal, made(tmp_path / str(number), files), *constraints)
        for number, (goal, files, constraints) in enumerate(MISSIONS)
    ]
    for one, other in combinations(plans, 2):
        shared = sentences(one) & sentences(other)
        most = len(sentences(one)) / 3 if one.design and other.design else 0
        assert len(shared) <= most, shared


def test_two_clones_in_different_places_give_the_same_bytes(tmp_path: Path) -> None:
    first = made(tmp_path / "one" / "checkout", SHOP, commits=3)
    second = tmp_path / "elsewhere" / "a b"
    subprocess.run(["git", "clone", "-q", str(first), str(second)], check=True)
    plans = [
        msgspec.json.encode(planned(tmp_path, "Add a Redis cart store", place))
        for place in (first, second)
    ]
    assert plans[0] == plans[1]
    assert str(tmp_path).encode() not in plans[0]


@pytest.mark.parametrize("goal", ODD_GOALS)
@pytest.mark.parametrize("files", [SHOP, {}])
def test_odd_goals_get_a_sound_plan(tmp_path: Path, goal: str, files: dict[str, str]) -> None:
    plan = planned(tmp_path, goal, made(tmp_path / "odd", files))
    assert faults(plan) == []
    built = {name for task in plan.tasks() if task.is_handover for name in task.requirements}
    written = {name for task in plan.tasks() if task.role == "writer" for name in task.requirements}
    assert {item.id for item in plan.requirements} == built
    assert written == (set() if plan.design else built)  # The design of a product is its plan.


def test_a_new_store_plugs_in_where_the_code_left_room(tmp_path: Path) -> None:
    plan = planned(tmp_path, *MISSIONS[0][:1], made(tmp_path / "shop", SHOP), *MISSIONS[0][2])
    choices = " ".join(decision.choice for decision in plan.decisions)
    assert "`CartStore` (`src/teashop/carts.py:1`)" in choices
    assert "`src/teashop/app.py:3`" in choices
    assert "beside `cli`" in choices
    assert plan.kinds[0] == "feature"
    assert any("python -m pytest" in task.detail for task in plan.tasks())


def test_history_is_read_only_where_there_is_one(tmp_path: Path) -> None:
    young = planned(tmp_path, "Add a Redis cart store", made(tmp_path / "young", SHOP))
    old = planned(tmp_path, "Add a Redis cart store", made(tmp_path / "old", SHOP, commits=2))
    assert "historian" not in {task.role for task in young.tasks()}
    assert "historian" in {task.role for task in old.tasks()}


def test_nothing_is_surveyed_that_is_not_there(tmp_path: Path) -> None:
    for repository in (None, made(tmp_path / "empty", {})):
        plan = planned(tmp_path, "Build a seed library", repository)
        assert {task.role for task in plan.tasks()} == {"builder"}
        assert plan.kinds[0] == "new-service"


def test_what_is_not_git_is_planned_too(tmp_path: Path) -> None:
    place = made(tmp_path / "git", SHOP)
    shutil.rmtree(place / ".git")
    plan = planned(tmp_path, "Add a Redis cart store", place)
    assert "a directory without commits" in plan.obtained


def test_the_plan_is_shown_as_it_forms_and_kept(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path / "desk")
    work = Planner().work(brief("Add a Redis cart store", made(tmp_path / "shop", SHOP)), desk)
    messages = [line for _, line in desk.said]
    assert any(line.startswith("Requirement R1") for line in messages)
    assert any(line.startswith("Decision D1") for line in messages)
    assert any(line.startswith("Task add-redis-cart-store") for line in messages)
    assert not any("specification" in line for line in messages)  # The groundwork is no part of it.
    assert [artifact.name for artifact in work.artifacts] == ["plan.json", "plan.md"]
    assert msgspec.convert(work.output["plan"], Plan).title == "Add a Redis cart store"
    assert work.output["attempts"] == []


def test_an_empty_goal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed, match="empty"):
        planned(tmp_path, "  \n", None)


def test_a_book_is_not_a_goal(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed, match="characters"):
        planned(tmp_path, "Add a cart. " * 20_000, None)
