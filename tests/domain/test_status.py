"""The status of a run: one word for it, the reason, and the command that continues it."""

import math

import pytest

from missioncontrol.domain.declaration import Capability, Declaration
from missioncontrol.domain.lifecycle.states import (
    AgentLife,
    Draining,
    Failed,
    Lost,
    Ready,
    Resting,
    Standing,
    Starting,
    Stopped,
)
from missioncontrol.domain.operation import Operation, RateLimit
from missioncontrol.domain.status import (
    MISSION_WORDS,
    RUN_WORDS,
    WORDS,
    Ask,
    Asked,
    MissionFacts,
    Progress,
    Queued,
    Status,
    alike,
    conditions,
    status_of_mission,
    status_of_run,
    titles_of,
)

WAITS_FOR_REVIEWER = Progress("running", queued=(Queued("reviewer", "review", 1),))
WORKS = Progress("running", working=("build",), working_count=1)
HELD = Progress("waiting", held=(Asked("publish", "approval-1", 5.0),))


def life(standing: Standing, name: str = "reviewer", can: tuple[str, ...] = ()) -> AgentLife:
    capabilities = tuple(Capability(each) for each in can)
    return AgentLife(Declaration(name, "codex", capabilities=capabilities), "command", standing, 7)


def standing(
    progress: Progress,
    *lives: AgentLife,
    asks: tuple[Ask, ...] = (),
    operation: Operation = Operation(),  # noqa: B008 - read, never changed
    has_engine: bool = True,
) -> Status:
    around = conditions(lives, [("run-1", ask) for ask in asks], operation, has_engine=has_engine)
    return status_of_run("run-1", progress, around)


def test_every_word_is_shown_in_words() -> None:
    assert set(WORDS) >= set(RUN_WORDS)


@pytest.mark.parametrize(
    ("state", "phrase"),
    [
        (Stopped("On holiday"), "reviewer is stopped: On holiday."),
        (Failed("agent.absent", "There is no codex.", "Install it."), "reviewer failed its proof"),
        (Lost("No worker is heard at build-1."), "reviewer is lost: No worker is heard"),
        (Resting("Failed 3 times.", 60.0), "reviewer is resting after failures in a row"),
        (Draining("Update", 60.0, "stop"), "reviewer is draining: Update."),
    ],
)
def test_work_for_an_agent_that_takes_none_is_stuck(state: Standing, phrase: str) -> None:
    found = standing(WAITS_FOR_REVIEWER, life(state))
    assert (found.word, found.on, found.since) == ("stuck", ("reviewer",), 7)
    assert phrase in found.reason
    assert "Step review waits for reviewer." in found.reason
    assert found.action in ("mission agent start reviewer", "mission agent show reviewer")


@pytest.mark.parametrize("state", [Ready(), Starting(60.0), Draining("Again", 60.0, "start")])
def test_work_for_an_agent_that_takes_it_or_is_about_to_runs(state: Standing) -> None:
    assert standing(WAITS_FOR_REVIEWER, life(state)).word == "running"


def test_another_agent_with_the_capability_keeps_work_from_being_stuck() -> None:
    progress = Progress("running", queued=(Queued("reviewer", "review", 1, ("reading",)),))
    stopped = life(Stopped())
    assert standing(progress, stopped).word == "stuck"
    assert standing(progress, stopped, life(Ready(), "other", ("reading",))).word == "running"
    assert standing(progress, stopped, life(Stopped(), "other", ("reading",))).word == "stuck"


def test_a_run_that_moves_is_running_and_names_what_is_held() -> None:
    progress = Progress(
        "running",
        working=("build",),
        working_count=1,
        queued=(Queued("reviewer", "review", 1),),
    )
    found = standing(progress, life(Stopped("On holiday")))
    assert found.word == "running"
    assert "On holiday" in found.reason


def test_a_run_whose_only_work_asks_somebody_is_waiting() -> None:
    ask = Ask("question", "question-1", "build", ("ann",), 3.0, "Which port?")
    found = standing(WORKS, asks=(ask,))
    assert (found.word, found.on, found.since) == ("waiting", ("ann",), 3.0)
    assert "Which port?" in found.reason
    assert found.action == "mission questions show question-1"
    two = Progress("running", working=("build", "test"), working_count=2)
    assert standing(two, asks=(ask,)).word == "running"


def test_an_approval_names_who_may_give_it() -> None:
    ask = Ask("approval", "approval-1", "publish", ("bob", "carol"), 5.0)
    found = standing(HELD, asks=(ask,))
    assert (found.word, found.on) == ("waiting", ("bob", "carol"))
    assert found.reason == "Step publish waits for approval by bob or carol."


@pytest.mark.parametrize("stage", ["stopped", "paused"])
def test_nothing_starts_while_everything_is_stopped(stage: str) -> None:
    operation = Operation(stage, 9.0, "Bad release")  # type: ignore[arg-type]
    found = standing(WAITS_FOR_REVIEWER, operation=operation)
    assert (found.word, found.since) == ("stuck", 9.0)
    assert "Bad release" in found.reason
    assert found.action == "mission engine resume --stage all"
    assert standing(HELD, operation=operation).word == "waiting"
    assert standing(WORKS, operation=operation).word == "running"


def test_a_limit_of_no_starts_is_in_the_way() -> None:
    limits = {("agent", "reviewer"): RateLimit(0, 60.0)}
    found = standing(WAITS_FOR_REVIEWER, operation=Operation(limits=limits))
    assert (found.word, found.action) == (
        "stuck",
        "mission engine rate-limit remove agent reviewer",
    )


@pytest.mark.parametrize(
    "progress", [WAITS_FOR_REVIEWER, HELD, Progress(), Progress("halted", reason="Cap.")]
)
@pytest.mark.parametrize("state", [Ready(), Stopped("On holiday")])
def test_an_engine_changes_the_reason_and_never_the_word(
    progress: Progress, state: Standing
) -> None:
    there = standing(progress, life(state))
    gone = standing(progress, life(state), has_engine=False)
    assert gone.word == there.word
    if progress.word != "halted":
        assert "mission up" in gone.reason


def test_what_ends_by_itself_is_not_lasting() -> None:
    lives = [life(Resting("Failed", math.inf)), life(Lost("Silent"), "far"), life(Stopped(), "off")]
    around = conditions(lives, (), Operation())
    assert set(around.closed) == {"reviewer", "far", "off"}
    assert set(around.lasting.closed) == {"off"}


def test_what_has_ended_is_never_made_something_else() -> None:
    stopped = Operation("stopped", 1.0, "Fire")
    for word in ("succeeded", "failed", "cancelled", "cancelling", "halted"):
        assert standing(Progress(word), operation=stopped).word == word


@pytest.mark.parametrize(
    ("facts", "run", "word"),
    [
        (MissionFacts("created", "", 0, 0), "queued", "planning"),
        (MissionFacts("running", "run-1", 0, 0), "running", "planning"),
        (MissionFacts("running", "run-1", 5, 1, agents=("surveyor",)), "running", "building"),
        (MissionFacts("running", "run-1", 5, 1, agents=("reviewer",)), "running", "in_review"),
        (MissionFacts("running", "run-1", 5, 1), "stuck", "stuck"),
        (MissionFacts("running", "run-1", 5, 1), "waiting", "waiting"),
        (MissionFacts("succeeded", "run-1", 5, 1, is_planned_only=True), "succeeded", "planned"),
        (MissionFacts("succeeded", "run-1", 5, 1), "succeeded", "ready_to_build"),
        (
            MissionFacts("succeeded", "run-1", 5, 0, is_unchanged=True),
            "succeeded",
            "ready_to_build",
        ),
        (MissionFacts("succeeded", "run-1", 5, 0), "succeeded", "done"),
        (MissionFacts("completed", "run-1", 5, 0), "succeeded", "done"),
        (MissionFacts("failed", "run-1", 5, 0), "failed", "failed"),
        (MissionFacts("cancelled", "run-1", 5, 0), "cancelled", "cancelled"),
    ],
)
def test_a_mission_is_done_only_where_its_change_is_there(
    facts: MissionFacts, run: str, word: str
) -> None:
    assert status_of_mission(facts, Status(run)).word == word


def test_people_read_one_vocabulary_and_filter_by_it() -> None:
    titles = titles_of(MISSION_WORDS)
    assert len(set(titles.values())) == len(titles)
    assert {"Planned", "Ready to build", "Building", "In review", "Done"} <= set(titles.values())
    assert not {"Planning", "Halted"} & set(WORDS.values())
    for word in MISSION_WORDS:
        (shown,) = set(alike(word)) & set(titles)  # One choice of a list finds each.
        assert WORDS[shown] == WORDS[word]
    assert set(alike("stuck")) == {"stuck", "halted"}
    assert alike("no word") == ("no word",)
