"""Says why a step is not done once more: its rounds are over, and this is what the last one found.

Readers of a failure have to see its reason, without looking for the step that reported it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from missioncontrol.application.rerun import task_of
from missioncontrol.application.task_workflow import ROUND
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Expanded, Run, Succeeded
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import ArtifactRef, Work

NAMED_MAX = 5
"""Findings that the sentence names; the rest are counted."""

FINDINGS_MAX = 12
"""Findings stored with the failure as data; `DETAIL_BYTES_MAX` has room for them."""

TEXT_MAX = 300
EVIDENCE_MAX = 20
FIELDS = ("rule", "message", "path", "remedy")


def exhausted(run: Run, step: Step, rounds: int, work: Work) -> Failure:
    """Return the failure of a step after its last round, which handed in `work`."""
    assert step.repeat is not None, "only a step that repeats has rounds"
    reason = f"After {rounds} rounds of step {step.key!r} `{step.repeat.until}` still does not hold"
    output = work.output if isinstance(work.output, dict) else {}
    findings = _findings(output)
    evidence = list(_evidence(run, step, work))
    hint = "Allow more rounds with `repeat.times`, or look at what the last round did."
    if step.calls.partition("@")[0] == ROUND:
        hint = _of_task(run, step, str(output.get("commit") or ""))
    if not findings:
        return Failure("repeat.exhausted", f"{reason}.", hint, retryable=False)
    named = "; ".join(map(_words, findings[:NAMED_MAX]))
    more = f"; and {len(findings) - NAMED_MAX} more" if len(findings) > NAMED_MAX else ""
    detail = {
        "rounds": rounds,
        "commit": str(output.get("commit") or ""),
        "findings": findings[:FINDINGS_MAX],
        "findings_left_out": max(0, len(findings) - FINDINGS_MAX),
        "evidence": evidence,
    }
    seen = _seen_in(evidence)
    return Failure(
        "repeat.exhausted",
        f"{reason}. The last one found: {named}{more}.{seen}",
        hint,
        retryable=False,
        detail=detail,
    )


def _findings(output: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what has to be mended, bounded; notes where there is nothing else."""
    listed = output.get("findings")
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    blocking = [each for each in found if each.get("blocking", True)]
    return [_bounded(each) for each in blocking or found]


def _bounded(finding: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: _line(finding.get(name))[:TEXT_MAX] for name in FIELDS}
    line = finding.get("line")
    return {**texts, "line": line if type(line) is int and 0 < line < 2**31 else 0}


def _line(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _words(finding: Mapping[str, Any]) -> str:
    path, line = finding["path"], finding["line"]
    place = f"{path}:{line}: " if line else f"{path}: " if path else ""
    message = (finding["message"] or finding["rule"] or "something").rstrip(".")
    rule = f" ({finding['rule']})" if finding["rule"] and finding["message"] else ""
    return f"{place}{message}{rule}"


def _evidence(run: Run, step: Step, work: Work) -> Iterator[dict[str, str]]:
    """Tell what the steps of the last round handed in, by digest."""
    state = run.states[step.key]
    handed: list[tuple[str, ArtifactRef]] = [(step.key, each) for each in work.artifacts]
    for key in state.children if isinstance(state, Expanded) else ():
        end = run.states[key]
        if isinstance(end, Succeeded):
            handed += [(key, each) for each in end.work.artifacts]
    for key, ref in handed[-EVIDENCE_MAX:]:  # Who judges comes after those who build.
        yield {"step": key, "name": ref.name, "digest": ref.digest}


def _seen_in(evidence: list[dict[str, str]]) -> str:
    """List the files with the findings: those of the last step that handed something in."""
    if not evidence:
        return ""
    last = evidence[-1]["step"]
    names = ", ".join(each["name"] for each in evidence if each["step"] == last)
    return f" Details are in {names} of step {last!r}."


def _of_task(run: Run, step: Step, commit: str) -> str:
    """Say what to do about a task of a repository."""
    again = f"`mission task run {task_of(step.key) or 'TASK'} --agents …`"
    built = f"`git show {commit}` shows what was built; " if commit else ""
    return (
        f"`mission runs artifacts {run.id}` has what was found in full; {built}"
        "say in the brief or the spec what was missing, or give it to another builder, and "
        f"{again} starts again. `rounds` below [merge] of .mission/sop.toml allows more rounds."
    )
