"""Measures of a repository: its record in a log, and its history in a real repository of git."""

import asyncio
from pathlib import Path

import msgspec

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.task_history import GitTaskHistory
from missioncontrol.application.repository_measures import measure_repository
from missioncontrol.documents.task_measures.rework import SECONDS, FixUps, doubled, fix_ups
from missioncontrol.documents.task_measures.task_lines import Built, Carried, Merge
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.repository import events as e
from missioncontrol.domain.run.events import RunSettled, StepSucceeded
from missioncontrol.domain.work import Work
from missioncontrol.ports.event_store import Append, NewEvent
from tests.agents.repositories import git, repository
from tests.domain.repositories import ADA, ID, PROCESS

RATE = "rate = known.get(currency, DEFAULT_RATE)\n"


def commit(root: Path, files: dict[str, str], message: str = "Go on") -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD")


def at_of(root: Path, name: str) -> float:
    return float(git(root, "show", "-s", "--format=%ct", name))


def a_run(root: Path, onto: str, name: str, first: Built | None = None) -> Carried:
    merge = Merge("run-1", 1, name, onto, at_of(root, name), first)
    return Carried("run-1", True, merge.at, merges=(merge,))


def looked(root: Path, run: Carried, days: float = 15.0) -> FixUps:
    now = run.merges[0].at + days * SECONDS / 14
    return asyncio.run(fix_ups([run], GitTaskHistory(root), now=now, since=0.0))


def test_who_rewrites_a_line_of_a_change_fixes_it_up(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    onto = git(root, "rev-parse", "HEAD")
    ours = commit(root, {"a b.py": RATE + "}\n"}, "Rate\n\nMission-Run: run-1")
    run = a_run(root, onto, ours)
    assert looked(root, run).judged[0].fixes == ()
    commit(root, {"other.py": RATE, "a b.py": f"import known\n{RATE}" + "}\n"}, "More")
    commit(root, {"a b.py": f"import known\n{RATE}"}, "Take the brace out")
    assert looked(root, run).judged[0].fixes == ()
    again = commit(root, {"a b.py": RATE.replace("DEF", "USU")}, "Again\n\nMission-Run: run-2")
    commit(root, {"a b.py": RATE}, "Undo")
    assert looked(root, run).judged[0].fixes == ()
    by_hand = commit(root, {"a b.py": "rate = 1\n"}, "Mend the rate")
    [fix] = looked(root, run).judged[0].fixes
    assert fix == f"{by_hand[:10]} rewrote 1 line in a b.py of task 1"
    assert again[:10] not in fix


def test_a_run_is_judged_once_its_changes_had_their_time(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    onto = git(root, "rev-parse", "HEAD")
    git(root, "switch", "-qc", "mission/main")
    ours = commit(root, {"a.py": RATE})
    run = a_run(root, onto, ours)
    assert looked(root, run, days=13.0) == FixUps((), young=1)
    assert looked(root, run) == FixUps((), not_taken_up=1)
    git(root, "update-ref", "refs/remotes/origin/mission/main", ours)
    assert looked(root, run) == FixUps((), not_taken_up=1)
    git(root, "switch", "-q", "main")
    git(root, "merge", "-q", "mission/main")
    assert looked(root, run).judged[0].fixes == ()
    strange = a_run(root, onto, ours)
    strange.merges = (Merge("run-1", 1, "0" * 39 + "1", onto, 0.0, None),)
    assert looked(root, strange) == FixUps((), unread=1)
    strange.merges = (Merge("run-1", 1, ours, "0" * 39 + "1", 0.0, None),)
    assert looked(root, strange) == FixUps((), unread=1)


def test_two_tasks_that_write_the_same_line_apart_do_it_twice_once(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "one = 1\n"})
    base = git(root, "rev-parse", "HEAD")
    first = commit(root, {"a.py": "one = 1\n" + RATE, "b.py": "second_file_of_task = 1\n"})
    git(root, "switch", "-q", "--detach", base)
    second = commit(root, {"a.py": RATE + "one = 1\n"})
    git(root, "switch", "-q", "--detach", first)
    onto_first = commit(root, {"c.py": "what_was_left_of_the_second = 2\n"})
    runs = [
        a_run(root, base, first, Built(base, first)),
        a_run(root, first, onto_first, Built(base, second)),
    ]
    runs[1].merges = (Merge("run-1", 2, onto_first, first, 9e9, Built(base, second)),)
    found = asyncio.run(doubled(runs, GitTaskHistory(root), since=0.0))
    assert (found.tasks, found.pairs, found.unread) == (2, 1, 0)
    assert (found.merged.share, found.merged.all_) == (0.0, 3)
    assert found.built.twice == {("a.py", RATE.strip())}
    runs[1].merges = (Merge("run-1", 2, onto_first, first, 9e9, Built(first, onto_first)),)
    later = asyncio.run(doubled(runs, GitTaskHistory(root), since=0.0))
    assert (later.tasks, later.pairs) == (2, 0)
    runs[1].merges = (Merge("run-1", 2, onto_first, first, 9e9, None),)
    assert asyncio.run(doubled(runs, GitTaskHistory(root), since=0.0)).unread == 1


def test_a_record_is_measured_with_its_runs(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    onto = git(root, "rev-parse", "HEAD")
    ours = commit(root, {"a.py": RATE})
    run = e.RepositoryTasksRun(ID, "run-1", (1,), {1: ("**",)}, {}, "", ADA)
    gone = e.RepositoryTasksRun(ID, "run-2", (1,), {1: ("**",)}, {}, "", ADA)
    output = {"state": "merged", "onto": onto, "commit": ours}
    store = MemoryEventStore()

    async def look() -> dict[str, float | None]:
        for stream, events in (
            (
                ID,
                [
                    e.RepositoryAdopted(ID, str(root), PROCESS),
                    e.RepositoryTaskAdded(ID, 1, "log-in", "Log in", ADA),
                    run,
                    gone,
                ],
            ),
            (
                "run-1",
                [
                    StepSucceeded("task-1/review", 1),
                    StepSucceeded("task-1/merge", 1, Work(output=output)),
                    RunSettled("succeeded"),
                ],
            ),
        ):
            new = [
                NewEvent(
                    *NAMES[type(event)],
                    msgspec.json.encode(event),
                    at * 1_000_000,
                    "user:ada",
                    "",
                    0,
                    "",
                )
                for at, event in enumerate(events)
            ]
            await store.append([Append(stream, 0, new)])
        found = await measure_repository(store, ID, GitTaskHistory(root), now=9e9, since=0.0)
        left = {each.why: each.count for one in found.measures for each in one.left_out}
        assert left["runs that the record holds nothing of"] == 1
        assert (found.tasks, found.runs) == (1, 2)
        return {each.key: each.value for each in found.measures}

    assert asyncio.run(look()) == {
        "artifacts_first": 0.0,
        "no_fix_up": 1.0,
        "duplicated_edits": None,
        "brief_to_plan": None,
        "review_rounds": 1.0,
        "cost_per_change": 0.0,
    }
