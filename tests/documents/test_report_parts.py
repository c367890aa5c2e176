"""The parts that a report is computed from: figures, coverage, timeline, next steps, drawing."""

import msgspec
import pytest

from missioncontrol.documents import figures
from missioncontrol.documents.anchors import slugged
from missioncontrol.documents.chain import chain
from missioncontrol.documents.coverage import coverage, orphans
from missioncontrol.documents.markup import marked_paths, shortened, spans
from missioncontrol.documents.next_steps import next_steps
from missioncontrol.documents.plan_graph import BOX_HEIGHT, BOX_WIDTH, direct_needs, plan_graph
from missioncontrol.documents.prose import prose
from missioncontrol.documents.record import AttemptRecord
from missioncontrol.documents.report import report_html, report_markdown
from missioncontrol.documents.timeline import timeline
from missioncontrol.domain import work
from missioncontrol.domain.plan import Requirement
from missioncontrol.domain.work import Work
from tests.documents.pages import Page
from tests.documents.records import RUNNING, START, redis_plan, redis_run


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "0.00 s"),
        (9.994, "9.99 s"),
        (38.14, "38.1 s"),
        (266.0, "4 min 26 s"),
        (3720.0, "1 h 02 min"),
        (-1.5, "\u22121.50 s"),
    ],
)
def test_a_duration_has_the_unit_that_fits(seconds: float, written: str) -> None:
    assert figures.lasting(seconds) == written


def test_money_is_exact_and_an_unknown_price_is_never_nothing() -> None:
    assert figures.money(0) == "$0.00"
    assert figures.money(1_840_213) == "$1.840213"
    assert figures.money(1_500_000) == "$1.50"
    assert figures.money(None) == "unknown"


def test_sizes_and_counts_are_written_for_people() -> None:
    assert [figures.size(count) for count in (0, 999, 6_100, 99_960, 3_400_000)] == [
        "0 B",
        "999 B",
        "6.1 kB",
        "100 kB",
        "3.4 MB",
    ]
    assert figures.grouped(184_211) == "184,211"
    assert figures.counted(1, "task") == "1 task"
    assert figures.format_value(True) == "yes"
    assert figures.format_value(0.1 + 0.2) == "0.3"


def test_times_are_written_in_utc() -> None:
    assert figures.moment(START) == "2026-03-02 08:26:40 UTC"
    assert figures.clock(START) == "08:26:40.250"


def test_a_requirement_without_a_task_is_found() -> None:
    plan = redis_plan()
    lost = Requirement("R5", "Sessions can be listed by an operator")
    plan = msgspec.structs.replace(plan, requirements=(*plan.requirements, lost))
    made = redis_run(plan=plan)
    found = coverage(made.record)
    assert [one.standing for one in found] == [
        "handed_over",
        "handed_over",
        "done",
        "handed_over",
        "uncovered",
    ]
    page = Page(report_html(made.record, made.store.read))
    assert "No task." in page.by_id("requirement-r5").text
    assert "No task serves R5" in page.by_id("needs-a-person").parents[-2].text


def test_a_task_that_nothing_explains_is_named() -> None:
    plan = redis_plan()
    first = plan.phases[0]
    bare = msgspec.structs.replace(first.tasks[0], requirements=())
    phase = msgspec.structs.replace(first, tasks=(bare, *first.tasks[1:]))
    plan = msgspec.structs.replace(plan, phases=(phase, *plan.phases[1:]))
    assert [one.task.key for one in orphans(redis_run(plan=plan).record)] == ["survey"]


def test_the_timeline_shows_waiting_and_work_to_scale() -> None:
    line = timeline(redis_run().record)
    assert line is not None
    assert line.seconds == pytest.approx(12.5)
    rows = {row.task.task.key: row for row in line.rows}
    assert rows["baseline"].bars[0].x == pytest.approx(100 * 2.3 / 12.5, abs=0.01)
    assert rows["baseline"].bars[0].width == pytest.approx(100 * 7.4 / 12.5, abs=0.02)
    assert rows["specification"].waited == pytest.approx(0.3)
    assert [tick.label for tick in line.ticks] == ["0 s", "5 s", "10 s"]
    assert all(bar.x + bar.width <= 100 for row in line.rows for bar in row.bars)


def test_what_happens_to_a_mission_after_its_run_takes_no_time_of_the_run() -> None:
    record = redis_run().record
    assert record.ended is not None
    later = msgspec.structs.replace(record.events[-1], time=record.ended + 86_400)
    line = timeline(msgspec.structs.replace(record, events=(*record.events, later)))
    assert line is not None
    assert line.seconds == pytest.approx(12.5)


def test_code_of_an_agent_is_reached_and_scrolled_by_keys() -> None:
    for block in ("```\nmake test\n```", "    make test"):
        assert '<pre tabindex="0">' in prose(block)


def test_what_still_runs_reaches_to_the_last_thing_recorded() -> None:
    line = timeline(redis_run("running", RUNNING).record)
    assert line is not None
    row = next(row for row in line.rows if row.task.task.key == "audit")
    assert row.label.endswith("so far")
    assert row.bars[0].x + row.bars[0].width == pytest.approx(100, abs=0.01)


def test_every_attempt_of_a_task_is_drawn_and_counted() -> None:
    made = redis_run()
    first = made.record.tasks[0]
    tried = first.attempts[0]
    lost = AttemptRecord(1, "surveyor", tried.started - 0.09, tried.started - 0.01, "interrupted")
    again = msgspec.structs.replace(tried, number=2)
    task = msgspec.structs.replace(first, attempts=(lost, again))
    record = msgspec.structs.replace(made.record, tasks=(task, *made.record.tasks[1:]))
    line = timeline(record)
    assert line is not None
    assert len(line.rows[0].bars) == 2
    assert line.rows[0].label.endswith("2 attempts")
    page = Page(report_html(record, made.store.read))
    assert "interrupted" in page.by_id("attempt-1-of-task-survey").text


def test_a_result_from_an_earlier_run_is_not_told_as_work_of_this_one() -> None:
    made = redis_run()
    reused = msgspec.structs.replace(made.record.tasks[0], kept_from="R-00")
    record = msgspec.structs.replace(made.record, tasks=(reused, *made.record.tasks[1:]))
    line = timeline(record)
    assert line is not None
    assert "survey" not in {row.task.task.key for row in line.rows}
    page = Page(report_html(record, made.store.read))
    assert "reused from run R-00" in page.by_id("task-survey").text
    assert "reused from run `R-00`" in report_markdown(record, made.store.read)


def test_next_steps_take_the_review_as_it_is_and_order_what_is_handed_over() -> None:
    steps = next_steps(redis_run().record)
    assert [step.text for step in steps.advised][2] == "Decide on bandit.B324 first"
    assert [one.task.key for one in steps.handed_over] == [
        "backend",
        "configure",
        "new-tests",
        "docs",
    ]
    assert steps.pack is not None
    assert steps.pack.name == "execution-pack.md"


@pytest.mark.parametrize(
    "output", [None, [], "text", {"next_steps": 7}, {"next_steps": [7, "", {}]}]
)
def test_a_review_that_says_nothing_usable_advises_nothing(output: object) -> None:
    made = redis_run(works={"review": Work("reviewed", output=output)})
    assert next_steps(made.record).advised == ()
    assert "Recommended by the review" not in report_html(made.record, made.store.read)


def test_tests_that_could_not_start_are_not_told_as_failures() -> None:
    ran = work.TestsRan("junit.xml", 0, 0, 5, 0)
    made = redis_run(works={"baseline": Work("The suite could not start.", evidence=(ran,))})
    text = Page(report_html(made.record, made.store.read)).by_id("needs-a-person").parents[-2].text
    assert "The tests of the project did not run: 5 errors" in text
    assert "The suite could not start." in text


def test_a_broken_chain_is_the_first_thing_that_is_said() -> None:
    made = redis_run()
    events = list(made.record.events)
    events[5] = msgspec.structs.replace(events[5], previous="f" * 64)
    record = msgspec.structs.replace(made.record, events=tuple(events))
    assert chain(record).broken == (events[5].position,)
    page = Page(report_html(record, made.store.read))
    first = next(one for one in page.with_class("t") if one.tag == "span")
    assert first.text.startswith("The record contradicts itself")


def test_arrows_that_follow_from_others_are_left_out_and_boxes_do_not_overlap() -> None:
    assert direct_needs({"a": (), "b": ("a",), "c": ("a", "b")}) == {
        "a": (),
        "b": ("a",),
        "c": ("b",),
    }
    graph = plan_graph(redis_run().record)
    assert graph is not None
    corners = [(box.x, box.y) for box in graph.boxes]
    assert len(corners) == 12
    for x, y in corners:
        assert x + BOX_WIDTH <= graph.width
        assert y + BOX_HEIGHT <= graph.height
        others = [one for one in corners if one != (x, y)]
        assert not [
            one for one in others if abs(one[0] - x) < BOX_WIDTH and abs(one[1] - y) < BOX_HEIGHT
        ]


def test_ids_are_made_of_plain_characters_whatever_the_names() -> None:
    names = ["Survey", "survey", "../x\u202e", "", "你好", "a" * 300]
    ids = slugged("task", names)
    assert len(set(ids.values())) == len(names)
    assert ids["Survey"] == "task-survey"
    assert ids["survey"] == "task-survey-no-2"
    assert ids["你好"] == "task-no-5"


def test_words_marked_as_code_stay_whole_when_a_text_is_cut() -> None:
    assert spans("see `a.py` and ``b``") == [("see ", False), ("a.py", True), (" and ``b``", False)]
    assert shortened("begin at `src/flask/sessions.py` and", 20) == "begin at…"
    assert shortened("short", 20) == "short"


def test_an_empty_mission_has_a_report_too() -> None:
    plan = msgspec.structs.replace(
        redis_plan(),
        phases=(),
        requirements=(),
        risks=(),
        decisions=(),
        questions=(),
        architecture=type(redis_plan().architecture)(),
    )
    made = redis_run("failed", plan=plan)
    record = msgspec.structs.replace(made.record, events=(), log=(), plan_attempts=())
    page = Page(report_html(record, made.store.read))
    ids = set(page.ids)
    assert all(one[1:] in ids for one in page.hrefs if one.startswith("#"))
    text = page.all("main")[0].text
    for phrase in (
        "has no accepted plan; nothing was done.",
        "No plan was accepted.",
        "Nothing has started in this run.",
        "No findings, because no task was done.",
        "No artifacts.",
        "None.",
    ):
        assert phrase in text
    assert "has no accepted plan" in report_markdown(record, made.store.read)


def test_a_value_of_one_has_a_single_unit() -> None:
    texts = [figures.in_unit(*each) for each in ((1, "cycles"), (2, "cycles"), (1, "entries"))]
    assert texts == ["1 cycle", "2 cycles", "1 entry"]
    assert [figures.in_unit(*each) for each in ((1, "branches"), (1, "s"), (1.0, "lines"))] == [
        "1 branch",
        "1 s",
        "1 lines",
    ]
    assert figures.in_unit("MIT", "") == "MIT"


def test_what_is_cut_ends_before_a_bracket_that_would_stay_open() -> None:
    text = "Hand over `declare` (Declare the client), `build` (Build what the client needs)."
    assert shortened(text, 60) == "Hand over `declare` (Declare the client), `build`…"
    assert shortened("(All of it stands in a bracket that is long)", 20) == "(All of it stands…"


def test_paths_in_a_sentence_are_marked_as_code_and_other_words_are_not() -> None:
    text = "It begins at src/app/main.py (pyproject.toml:12), as `setup.py` says, e.g. on 3.11."
    assert marked_paths(text) == (
        "It begins at `src/app/main.py` (`pyproject.toml:12`), as `setup.py` says, e.g. on 3.11."
    )
