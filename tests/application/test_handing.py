"""What an agent is handed of a pack is the pack as people have changed it, bound by its digest."""

from pathlib import Path

from missioncontrol.application.missions import Goal
from missioncontrol.domain.building import DOCUMENTS, PACK
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.mission import AcceptPlan
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Failed, Held, Run, Working
from missioncontrol.domain.scope import ChangeScope
from missioncontrol.domain.step import ApprovalRule, Step
from missioncontrol.domain.work import ArtifactRef, Work
from tests.application.parts import Office, run
from tests.domain.plans import a_plan, a_task

TEXT = b"""# Pack

## Code to read first

### E1 `old`, `old.py:1-1`

For `build`. Planned.

```
OLD
```
"""
PLAN = a_plan(a_task("build", role="builder", scope=("old.py",)))
KEY = "change"


class Site:
    """A mission in `repository` whose writer is done, and whose change may start."""

    def __init__(self, tmp_path: Path, *, approval: ApprovalRule | None = None) -> None:
        self.repository = tmp_path / "repository"
        self.repository.mkdir()
        self.command_bus = Office(tmp_path)
        self.mission, first = self.command_bus.missions.begin(
            Goal("Make search fast.", repository=str(self.repository)),
            execute=True,
            concurrency=4,
            limits={"plan_seconds_max": 60.0, "task_seconds_max": 30.0},
            actor="jo",
        )
        self.command_bus.execution.start(first, (PLAN_STEP,))
        self.command_bus.journal.handle_mission(
            self.mission, AcceptPlan(first, PLAN), actor="planner"
        )
        given = {DOCUMENTS: [PACK]}
        steps = (
            Step("report", "writer"),
            Step(KEY, "coder", needs=("report",), inputs=given, approval=approval),
        )
        tell = self.command_bus.execution.tell
        tell("run-9", CreateRun("run-9", "w", steps, 10, mission=self.mission, author="jo"))
        self.command_bus.execution.start("run-9", ("report",))
        self.ref = ArtifactRef(
            PACK, self.command_bus.artifacts.put(TEXT), len(TEXT), "text/markdown"
        )
        self.command_bus.execution.success("run-9", "report", 1, Work(artifacts=(self.ref,)))
        self.command_bus.execution.look(self.run)

    @property
    def run(self) -> Run:
        return self.command_bus.journal.runs["run-9"]

    def say(self, *files: str) -> None:
        self.command_bus.journal.handle_mission(
            self.mission, ChangeScope("build", files, "user:ada"), actor="ada"
        )

    def agree(self, approval: str) -> None:
        run(self.command_bus.approvals.approve(approval, actor="bob", reason="So it is."))

    def start(self) -> tuple[str, ...]:
        return self.command_bus.execution.start("run-9", (KEY,))

    def text(self) -> str:
        [ref] = self.run.handed[KEY]
        return self.command_bus.artifacts.get(ref.digest).decode()


def test_a_pack_that_nobody_changed_is_handed_on_as_it_was_written(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert site.start() == (KEY,)
    assert site.run.handed == {}


def test_the_files_that_a_person_named_are_in_the_pack_that_is_handed_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (site.repository / "new.py").write_text("NEW = 1\n")
    site.say("new.py")
    assert site.start() == (KEY,)
    assert "NEW = 1" in site.text()
    assert "OLD" not in site.text()
    [ref] = site.run.handed[KEY]
    assert (ref.name, ref.size) == (PACK, len(site.text().encode()))
    assert ref.digest != site.ref.digest


def test_the_next_attempt_is_handed_what_was_said_meanwhile(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (site.repository / "new.py").write_text("NEW = 1\n")
    site.start()
    site.say("new.py")
    assert site.run.handed == {}
    site.command_bus.execution.interrupt("run-9", "The engine ended.")
    site.start()
    assert "NEW = 1" in site.text()


def test_secrets_that_lie_in_the_repository_are_not_kept_with_the_pack(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.command_bus.execution.handoff.scrub = lambda content: content.replace(
        b"hunter2", b"[secret]"
    )
    (site.repository / "new.py").write_text("KEY = 'hunter2'\n")
    site.say("new.py")
    site.start()
    assert "KEY = '[secret]'" in site.text()


def test_a_pack_that_is_gone_fails_the_step_and_nothing_else(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.say("new.py")
    site.command_bus.artifacts.path(site.ref.digest).unlink()
    assert site.start() == ()
    state = site.run.states[KEY]
    assert isinstance(state, Failed)
    assert state.failure.code == "artifact.unknown"


def test_what_was_approved_before_a_person_named_other_files_is_asked_for_anew(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path, approval=ApprovalRule())
    first = site.run.held[KEY]
    site.say("new.py")
    site.agree(first.approval)
    assert site.start() == ()
    state = site.run.states[KEY]
    assert isinstance(state, Held)
    assert state.digest != first.digest
    site.agree(state.approval)
    assert site.start() == (KEY,)
    assert isinstance(site.run.states[KEY], Working)
