"""A product whose repository is created: the order of skeleton, tasks, proofs and commits."""

import msgspec
import pytest

from missioncontrol.domain.building import before, proves
from missioncontrol.domain.execution import steps_of
from missioncontrol.domain.plan import Phase, Plan, Requirement, Task, faults
from missioncontrol.domain.product_design import Milestone, ProductDesign, Source
from missioncontrol.domain.scaffold_stack import STACKS, ScaffoldStack
from missioncontrol.domain.scaffolding import (
    COMMITS,
    SKELETON,
    SKELETON_PROOF,
    built_in_turn,
    commits,
    is_begun,
    with_skeleton,
)

STACK: ScaffoldStack = "python-web"
WORDS = STACKS[STACK]


def task(key: str, *needs: str) -> Task:
    return Task(key, f"Do {key}", "It.", "builder", needs, acceptance=(f"{key} is there.",),
                requirements=("R1",))  # fmt: skip


def plan(*tasks: Task) -> Plan:
    source = Source("goal")
    design = ProductDesign(
        "shop", "web-product", "Web product", source,
        milestones=(Milestone("m", "All", "It.", tuple(each.key for each in tasks)),),
    )  # fmt: skip
    phase = Phase("m", "All", "It.", tasks)
    requirement = Requirement("R1", "A shop.")
    return Plan("A shop", "A shop", "A shop.", ("new-service",), (), (phase,), (requirement,),
                design=design)  # fmt: skip


def begun(*tasks: Task) -> Plan:
    return with_skeleton(plan(*tasks), STACK, WORDS)


def test_a_skeleton_comes_first_and_tasks_wait_for_its_proof() -> None:
    made = begun(task("a"), task("b", "a"))
    assert [each.key for each in made.groundwork] == [SKELETON, SKELETON_PROOF]
    assert made.groundwork[1].needs == (SKELETON,)
    needs = {each.key: each.needs for each in made.tasks()}
    assert needs["a"] == (SKELETON_PROOF,)
    assert needs["b"] == ("a",)
    assert faults(made) == []
    assert is_begun(made)
    assert not is_begun(plan(task("a")))


def test_without_a_builder_only_the_skeleton_and_its_proof_are_steps() -> None:
    steps = steps_of(begun(task("a")), seconds_max=10)
    assert [each.key for each in steps] == [SKELETON, SKELETON_PROOF]
    assert steps[0].agent == "scaffolder"
    assert steps[1].seconds_max > 1_000  # Installing takes longer than other steps may.


def test_each_task_is_proven_and_committed_before_the_next_begins() -> None:
    made = built_in_turn(begun(task("b", "a"), task("a")), "coder")
    assert faults(made) == []
    needs = {each.key: set(each.needs) for each in made.tasks()}
    assert SKELETON_PROOF in needs["a"]
    assert needs["a-proof"] == {SKELETON_PROOF, "a"}
    assert needs["a-commit"] == {"a", "a-proof"}
    assert needs["b"] == {"a", "a-commit"}
    assert needs["b-proof"] == {"a-proof", "b"}


def test_a_task_begins_at_the_newest_commit_and_not_at_the_patch_before() -> None:
    made = built_in_turn(begun(task("a"), task("b", "a")), "coder")
    tasks = {each.key: each for each in made.tasks()}
    assert before(tasks["b"], made) == ""
    assert proves(tasks["b-proof"], made) == "b"
    assert commits(tasks["b-commit"], made) == "b"
    assert commits(tasks[SKELETON], made) == ""


def test_the_step_that_commits_is_told_which_change() -> None:
    made = built_in_turn(begun(task("a")), "coder")
    handed = msgspec.structs.replace(
        made, phases=tuple(msgspec.structs.replace(p, tasks=p.tasks[1:]) for p in made.phases)
    )
    assert [each.key for each in handed.phases[0].tasks] == ["a-proof", "a-commit"]
    tasks = {each.key: each for each in made.tasks()}
    step = next(
        each for each in steps_of(made, seconds_max=10) if each.key == tasks["a-commit"].key
    )
    assert step.inputs == {COMMITS: "a"}


@pytest.mark.parametrize("length", [90, 100])
def test_keys_stay_within_their_bound(length: int) -> None:
    made = built_in_turn(begun(task("k" * length), task("k" * (length - 1) + "j")), "coder")
    assert faults(made) == []
