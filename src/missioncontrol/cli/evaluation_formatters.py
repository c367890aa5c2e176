"""How evaluations look for a person."""

from collections.abc import Iterator, Sequence

from missioncontrol.cli.text import moment
from missioncontrol.domain.evaluation import Judged, Listed, Subject
from missioncontrol.domain.money import dollars
from missioncontrol.domain.visible import one_line
from missioncontrol.evaluation.comparison import Compared
from missioncontrol.evaluation.report import EvaluationReport
from missioncontrol.evaluation.score import Score, Share

MARKS = {"passed": "✓", "failed": "✗", "stuck": "◌", "over_budget": "$", "error": "!"}
REASON_MAX = 200


def trial_line(scenario: str, repetition: int, repeat: int, judged: Judged) -> str:
    """Return the line of a trial that has ended."""
    name = f"{scenario} {repetition + 1}" if repeat > 1 else scenario
    outcome = judged.outcome.replace("_", " ")
    why = f" · {_cut(judged.reason)}" if judged.reason else ""
    return f"{MARKS[judged.outcome]} {name:<28} {outcome} · {judged.seconds:.1f} s{why}"


def sheet(report: EvaluationReport) -> Iterator[str]:
    """Yield the lines that tell an evaluation."""
    state = "" if report.is_over else " (goes on)"
    yield f"{report.evaluation}{state}: {who(report.subject)}"
    times = f"{report.repeat} time{'' if report.repeat == 1 else 's'} each"
    count = len(report.scenarios)
    many = f"{count} scenario{'' if count == 1 else 's'}"
    yield f"{many}, {times}, seed {report.seed}, {moment(report.at)}"
    yield ""
    width = max([len(each.scenario.id) for each in report.scenarios] + [len("all scenarios")])
    head = f"{'':<{width}}  passed          95 %  failed  stuck  over  error"
    yield f"{head}  median seconds  tokens  cost"
    for each in report.scenarios:
        yield _row(each.scenario.id, width, each.score)
    yield _row("all scenarios", width, report.score)


def who(subject: Subject) -> str:
    """Return who was tried, in a few words."""
    words = " ".join(subject.argv) if subject.argv else subject.name
    more = [each for each in (subject.kind, subject.version, subject.model) if each]
    before = ", with a prompt of its own" if subject.prompt else ""
    return one_line(f"{words} ({', '.join(more)}){before}")


def _row(name: str, width: int, score: Score) -> str:
    counted = score.trials - score.error
    cost = "?" if score.cost is None else dollars(round(score.cost))
    none = counted == 0
    return (
        f"{name:<{width}}  {score.passed:>3} of {counted:<3} {_interval(score.share):>10}  "
        f"{score.failed:>6}  {score.stuck:>5}  {score.over_budget:>4}  {score.error:>5}  "
        f"{'-' if none else format(score.seconds or 0, '.1f'):>14}  "
        f"{'-' if none else format(score.tokens or 0, ',.0f'):>6}  {'-' if none else cost:>4}"
    ).rstrip()


def _interval(share: Share | None) -> str:
    return "-" if share is None else f"{share.low:.0%}-{share.high:.0%}"


def reasons(report: EvaluationReport) -> Iterator[str]:
    """Yield a line for each trial that did not pass."""
    for trial in report.trials:
        if trial.judged is not None and trial.judged.outcome != "passed":
            line = trial_line(trial.scenario, trial.repetition, report.repeat, trial.judged)
            yield f"{line} · {trial.run}"


def list_lines(rows: Sequence[Listed]) -> Iterator[str]:
    """Yield a line for each evaluation."""
    for each in rows:
        passed = "goes on" if each.passed is None else f"{each.passed} of {each.trials} passed"
        yield (
            f"{each.evaluation}  {moment(each.at)[:16]}  {passed}, seed {each.seed}  "
            f"{one_line(each.agent)}"
        )


def compared_lines(found: Compared) -> Iterator[str]:
    """Yield the lines that tell a comparison."""
    width = max(len(each.scenario) for each in found.scenarios)
    yield f"A  {found.one}"
    yield f"B  {found.other}"
    yield ""
    yield f"{'':<{width}}  pairs  A passed  B passed"
    for each in found.scenarios:
        yield f"{each.scenario:<{width}}  {each.pairs:>5}  {each.one:>8}  {each.other:>8}"
    yield ""
    for name, share in (("A", found.one_share), ("B", found.other_share)):
        yield f"{name} passes {share.value:.0%} (95 %: {share.low:.0%} to {share.high:.0%})"
    change = found.difference
    yield f"B - A is {change.value:+.0%} (95 %: {change.low:+.0%} to {change.high:+.0%})"
    for what in found.left_out:
        yield f"Not compared: {what}."
    if found.unpaired:
        yield f"{found.unpaired} repetitions have no counterpart, or are an error in one of them."
    yield found.verdict


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= REASON_MAX else f"{line[: REASON_MAX - 1]}…"
