"""The report of an evaluation: in a published JSON form, and as JUnit's XML."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from missioncontrol.domain.evaluation import Evaluation, Judged, Played, Subject
from missioncontrol.evaluation.comparison import Compared
from missioncontrol.evaluation.score import Score, overall, score
from missioncontrol.evaluation.trials import trials_of

FORM = 1


class TrialReport(msgspec.Struct, frozen=True):
    """One trial."""

    trial: int
    scenario: str
    repetition: int
    seed: int
    run: str  # "" where it has not begun
    judged: Judged | None  # null while it goes on


class ScenarioReport(msgspec.Struct, frozen=True):
    """One scenario, and how the agent did in it."""

    scenario: Played
    score: Score


class EvaluationReport(msgspec.Struct, frozen=True):
    """A whole evaluation."""

    form: int  # of this document
    evaluation: str
    plan: str
    at: float  # it began, seconds since the epoch
    is_over: bool
    subject: Subject
    repeat: int
    seed: int
    score: Score
    scenarios: tuple[ScenarioReport, ...]
    trials: tuple[TrialReport, ...]


def report_of(evaluation: Evaluation) -> EvaluationReport:
    """Return the report of an evaluation."""
    begun = evaluation.begun
    trials = [
        TrialReport(
            each.number,
            begun.scenarios[each.scenario].id,
            each.repetition,
            each.seed,
            evaluation.runs.get(each.number, ""),
            evaluation.judged.get(each.number),
        )
        for each in trials_of(begun)
    ]
    groups = {
        scenario.id: [t.judged for t in trials if t.scenario == scenario.id and t.judged]
        for scenario in begun.scenarios
    }
    return EvaluationReport(
        FORM,
        begun.evaluation,
        begun.plan,
        evaluation.at,
        evaluation.is_over,
        begun.subject,
        begun.repeat,
        begun.seed,
        overall(groups.values()),
        tuple(ScenarioReport(each, score(groups[each.id])) for each in begun.scenarios),
        tuple(trials),
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `mission eval show --json` and `mission eval compare --json`."""
    (first, second), parts = msgspec.json.schema_components(
        (EvaluationReport, Compared), ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [first, second],
        "$defs": parts,
    }


def junit(report: EvaluationReport) -> bytes:
    """Return JUnit's XML, as pytest writes it: a suite for each scenario, a case for each trial."""
    top = Element("testsuites", name=report.evaluation)
    for each in report.scenarios:
        trials = [t for t in report.trials if t.scenario == each.scenario.id and t.judged]
        count = each.score
        suite = SubElement(
            top,
            "testsuite",
            name=each.scenario.id,
            tests=str(count.trials),
            failures=str(count.failed + count.stuck + count.over_budget),
            errors=str(count.error),
            skipped="0",
            time=f"{sum(t.judged.seconds for t in trials if t.judged):.3f}",
        )
        for trial in trials:
            _case(suite, report, each.scenario, trial)
    indent(top)
    text: bytes = tostring(top, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _case(suite: Element, report: EvaluationReport, scenario: Played, trial: TrialReport) -> None:
    judged = trial.judged
    assert judged is not None
    case = SubElement(
        suite,
        "testcase",
        classname=f"{report.subject.name}.{scenario.id}",
        name=f"{_plain(scenario.title)} [{trial.repetition + 1}]",
        time=f"{judged.seconds:.3f}",
    )
    known = {
        "outcome": judged.outcome,
        "run": trial.run,
        "seed": trial.seed,
        "tokens": judged.tokens,
        "cost_micro_dollars": "unknown" if judged.cost is None else judged.cost,
        "scenario_digest": scenario.digest,
        "snapshot": scenario.snapshot,
    }
    properties = SubElement(case, "properties")
    for name, value in known.items():
        SubElement(properties, "property", name=name, value=str(value))
    if judged.outcome == "passed":
        return
    kind = "error" if judged.outcome == "error" else "failure"
    message = _plain(judged.reason) or judged.outcome
    wrong = SubElement(case, kind, type=judged.outcome, message=message)
    wrong.text = "\n".join(
        _plain(f"{each.name}\n{each.said}") for each in judged.checks if not each.passed
    )


def _plain(text: str) -> str:
    """Return a text without what XML can't hold."""
    return "".join(letter if _fits_xml(letter) else "?" for letter in text)


def _fits_xml(letter: str) -> bool:
    return (
        letter in "\n\t"
        or " " <= letter < "\ud800"
        or "\ue000" <= letter < "\ufffe"
        or (letter > "\uffff")
    )
