"""The tester: runs the project's own test command in a disposable copy and reports what it saw."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from missioncontrol.domain.scaffolding import is_begun
from missioncontrol.domain.work import Finding, Work
from missioncontrol.specialists.specialist import Brief, Desk, repository_of
from missioncontrol.specialists.tester import others, report, trial_text
from missioncontrol.specialists.tester.bench import SECONDS_MAX, Bench, first_started
from missioncontrol.specialists.tester.building import Built, built
from missioncontrol.specialists.tester.grounds import OfCheckout
from missioncontrol.specialists.tester.plan_trial import PlanTrial, try_plan
from missioncontrol.specialists.tester.product_proof import prove_product
from missioncontrol.specialists.tester.project_commands import Declared, declared
from missioncontrol.specialists.tester.proof import doubts, refuse_broken
from missioncontrol.specialists.tester.results import artifacts, evidence, level, output
from missioncontrol.specialists.tester.trial import Trial

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

RELEVANT_MAX = 12


class Tester:
    """Runs the tests that are there, and never says more than what was seen."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Find the test command, run it in a copy, and hand in what it showed.

        Raises:
            AttemptFailed: there is no repository to test; `tester.bad_input`, `tester.bad_patch`
                or `tester.tests_failed` where a change is to be tested.
        """
        root = repository_of(brief, "tester", "test").resolve()
        from missioncontrol.specialists.indexing import index_of
        from missioncontrol.specialists.relevance import relevant_files
        from missioncontrol.specialists.tree import read_tree

        if brief.submitted.commit is not None or brief.submitted.base:
            from missioncontrol.specialists.tester.commit_tests import tested

            return tested(brief, desk)
        if brief.plan is not None and is_begun(brief.plan):
            return prove_product(brief, brief.plan, desk)
        # The author of a workflow bounds the time of a step.
        is_hurried = brief.plan is not None and not brief.changes
        change = built(brief)
        ground = OfCheckout(root, desk.scratch, change)
        bench = Bench(ground, desk, desk.scratch, SECONDS_MAX if is_hurried else math.inf)
        # What an agent has built may have tests where the checkout has none.
        tree = read_tree(bench.copied_root() if change is not None else root)
        found = declared(tree)
        known = [file.path for file in tree.files]
        if is_hurried:
            return _of_plan(try_plan(brief, bench, found, tree), bench, found, tree, desk)
        trials: list[Trial] = []
        words = ""
        if found.commands:
            trials, words = bench.trials(found)
        trial = first_started(trials)
        rest = [each for each in trials if each is not trial]
        commands = bench.commands(trials, trial, found, [])
        near = []
        if trial is not None and trial.report is not None:  # else there is nothing to count
            likely = relevant_files(
                brief.goal, brief.plan, lambda: index_of(tree), limit=RELEVANT_MAX
            )
            near = report.near_goal(trial, [each.path for each in likely], known)
        text = report.markdown(trial, rest, near, known, words)
        statement = report.statement(trial)
        unsure: tuple[Finding, ...] = ()
        if change is not None:
            statement = f"{_what_is_tested(change)}: {statement}"
        desk.log(level(trial), statement)
        if change is not None:
            refuse_broken(trial, brief, desk)
            unsure = doubts(trial, brief, change, ground.uncommitted)
        if change is not None and trial is not None and trial.verdict.status == "failed":
            statement += "" if unsure else " What fails failed before."
        return Work(
            summary=statement,
            output=output(trial, commands),
            facts=report.facts(trial),
            findings=(*unsure, *report.findings(trial, known)),
            artifacts=artifacts(trial, text, commands, "", desk),
            evidence=evidence(trial, tree, ()),
        )


def _of_plan(tried: PlanTrial, bench: Bench, found: Declared, tree: "Tree", desk: Desk) -> Work:
    """Hand in what a plan showed when it was tried, and what else the project offers."""
    trial, known = tried.trial, [file.path for file in tree.files]
    besides = bench.besides(found)
    commands = bench.commands_near(tried.trials, trial, found, besides)
    statement = trial_text.headline(tried)
    desk.log(level(trial), statement)
    rest = [each for each in tried.trials if each is not trial]
    text = report.markdown(
        trial,
        rest,
        [],
        known,
        tried.copy_words,
        headline=statement,
        more=trial_text.markdown(tried),
    )
    more = trial_text.as_json(tried)
    stored = artifacts(trial, text, commands, others.output(besides), desk, more)
    return Work(
        summary=statement,
        output=output(trial, commands, **more),
        facts=report.facts(trial),
        findings=(*trial_text.findings(tried), *_tests_found(tried, known)),
        artifacts=(*stored, *trial_text.artifacts(tried, desk)),
        # How the tests ended comes last: that is what a reader asks first.
        evidence=evidence(trial, tree, others.evidence(besides)),
    )


def _tests_found(tried: PlanTrial, known: Sequence[str]) -> tuple[Finding, ...]:
    """Return what the tests showed; a project whose tests are far from the change has a command."""
    return (
        () if tried.trial is None and tried.near.is_known else report.findings(tried.trial, known)
    )


def _what_is_tested(change: Built) -> str:
    if change.patch is None:
        return f"After {change.step} nothing is changed"
    return f"With the changes of {change.step}"
