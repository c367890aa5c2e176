"""A report on changed code: proven only where tests say so, whatever the diff holds."""

import re

import msgspec
import pytest

from missioncontrol.documents.page import overall
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report import outcome_sentence, report_html, report_markdown
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.building import (
    NOT_PROVEN,
    NOTHING_CHANGED,
    PATCH,
    TESTS_GONE,
    built_by,
    proves,
)
from missioncontrol.domain.estimates import Estimate
from missioncontrol.domain.work import Finding, Work
from missioncontrol.domain.work import TestsRan as Ran
from tests.documents.records import Made, Store, redis_plan, redis_run

PLAN = built_by(redis_plan(), "coder")
LAST = next(need for task in PLAN.tasks() if (need := proves(task, PLAN)))
HOSTILE = (
    "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1,3 @@\n-old\n"
    "+```\n+</pre><script>alert(1)</script>\n+form\x0c+feed \x1b[31m \u202e\u2028-para\n"
)
"""Nine lines, one of them with characters that elsewhere end a line."""


def built(*rules: str, failed: int = 0, patch: str = HOSTILE, state: str = "succeeded") -> Made:
    store = Store()
    stored = (store.keep(PATCH, patch, "text/x-diff"),) if patch else ()
    files = [{"path": "a.py", "change": "changed", "added": 3, "deleted": 1}] if patch else []
    output = {"base": "c" * 40, "patch": PATCH if patch else "", "files": files}
    findings = tuple(Finding(rule, "high", f"Why: {rule}") for rule in rules)
    evidence = (Ran("junit.xml", 3, failed, 0, 0),) if failed else ()
    report = (store.keep("tests.json", "{}", "application/json"),)
    works = {
        task.key: Work(summary="It changed 1 file.", output=output, artifacts=stored or report)
        for task in PLAN.tasks()
        if task.is_change
    }
    proof = Work(summary="Ran.", findings=findings, artifacts=report, evidence=evidence)
    works["proof"] = proof
    ended = "failed" if state == "failed" else "succeeded"
    return redis_run(ended, {"proof": state}, plan=PLAN, works=works, store=store)


def texts(record: MissionRecord, made: Made) -> tuple[str, str]:
    read = made.store.read
    return (
        report_markdown(record, read),
        " ".join(re.sub("<[^>]*>", "", report_html(record, read)).split()),
    )


def test_code_that_tests_proved_is_done_checked_and_proven() -> None:
    made = built()
    assert outcome_sentence(made.record).endswith(" is done and checked: 13 of 13 tasks succeeded.")
    for text in texts(made.record, made):
        assert "not proven" not in text.lower()
    assert overall(Reading(made.record)) == "succeeded"
    assert Reading(made.record).changes is not None


@pytest.mark.parametrize("rule", [NOT_PROVEN, TESTS_GONE, NOTHING_CHANGED])
def test_a_doubt_of_the_proof_is_told_everywhere(rule: str) -> None:
    made = built(rule)
    sentence = outcome_sentence(made.record)
    assert "checked" not in sentence
    assert ("no file was changed" if rule == NOTHING_CHANGED else "not proven") in sentence
    for text in texts(made.record, made):
        assert "not proven" in text.lower()
        assert f"Why: {rule}" in text
    assert overall(Reading(made.record)) == "blocked"


def test_tests_that_fail_with_the_changes_are_not_said_to_fail_before_them() -> None:
    made = built(failed=2)
    titles = ["".join(p.text for p in each.title) for each in Reading(made.record).concerns]
    assert "2 tests of the project do not pass, with the changes" in titles
    assert "2 tests of the project do not pass, before any change" not in titles
    paper, page = texts(made.record, made)
    assert "project tests, with the changes | [3 passed, 2 failed" in paper
    assert "Project tests, with the changes3 passed" in page


def test_what_a_proof_refused_is_changed_again_and_not_said_to_be_ready() -> None:
    made = built(state="failed")
    concerns = {"".join(p.text for p in each.title): each for each in Reading(made.record).concerns}
    assert concerns["1 task failed"].command == f"mission runs retry R-01 {LAST}"
    waits = concerns["The changed code is not proven and waits for you"]
    assert "apply it" not in waits.hint


def test_a_hostile_diff_is_text_and_its_lines_are_those_of_the_patch() -> None:
    made = built()
    page = report_html(made.record, made.store.read)
    assert "<script>alert" not in page
    assert page.count('<span data-d="added">') == 3
    assert page.count('<span data-d="deleted">') == 1
    paper = report_markdown(made.record, made.store.read)
    assert "````diff\n" in paper
    assert not {"\x0c", "\x1b", "\u202e", "\u2028"} & {*page, *paper}


def test_a_long_diff_is_cut_and_says_so() -> None:
    made = built(patch=HOSTILE + "+line\n" * 100_000)
    for text in texts(made.record, made):
        assert "more lines in" in text.replace("\xa0", " ")
    assert len(texts(made.record, made)[0]) < 500_000


def test_what_was_changed_stands_beside_what_was_foreseen() -> None:
    record = built().record
    foreseen = (Estimate("", "files", 1, 2, 5), Estimate("", "lines", 10, 40, 90))
    plan = msgspec.structs.replace(record.plan, estimates=foreseen)
    files, lines = Reading(msgspec.structs.replace(record, plan=plan)).cockpit.compared
    assert (files.words, files.is_inside) == ("1", True)
    assert (lines.words, lines.is_inside) == ("4", False)


def test_the_way_on_says_how_the_change_is_taken_over() -> None:
    record = built().record
    (step,) = [s for s in Reading(record).cockpit.path if "Take the change over" in s.text]
    assert step.commands == (
        f"mission runs artifacts {record.run} --output out",
        f"git apply out/{LAST}/{PATCH}",
    )
