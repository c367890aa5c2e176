"""Writes the audit for a person: what matters first, by rule, with place, reason and remedy."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from missioncontrol.domain.work import Fact, Finding
from missioncontrol.specialists.auditor.issue import ORDER, Issue, rank

FINDINGS_MAX = 100
RULES_MAX = 25
PLACES_MAX = 12
TOPICS = (
    ("security", "Security"),
    ("supply", "What it is built from"),
    ("quality", "Likely defects"),
)


def counts(issues: Sequence[Issue]) -> dict[str, int]:
    """Count what is shown by topic and severity, and what is left to the SARIF by reason."""
    shown = [each for each in issues if each.is_shown]
    hidden = [each for each in issues if not each.is_shown]
    found = {f"shown_{name}": sum(e.topic == name for e in shown) for name, _ in TOPICS}
    found |= {name: sum(e.severity == name for e in shown) for name in ORDER if name != "info"}
    found["not_shown_elsewhere"] = sum(each.scope != "product" for each in hidden)
    found["not_shown_unsure"] = len(hidden) - found["not_shown_elsewhere"]
    found["all"] = len(issues)
    return found


def summary(issues: Sequence[Issue], package: str = "", not_made: int = 0) -> str:
    """Say in one sentence what was found; `package` names the part that was looked at.

    `not_made` counts the checks whose libraries are not installed: a second sentence names them.
    """
    found = f"`{package}`: {_summary(issues)}" if package else _summary(issues)
    checks = "1 check was" if not_made == 1 else f"{not_made} checks were"
    return f"{found} {checks} not made; audit.md says why." if not_made else found


def _summary(issues: Sequence[Issue]) -> str:
    number = counts(issues)
    topics = (
        (number["shown_security"], "about security"),
        (number["shown_supply"], "about what it is built from"),
        (number["shown_quality"], f"likely defect{'s' if number['shown_quality'] > 1 else ''}"),
    )
    parts = [f"{count} {words}" for count, words in topics if count]
    rest = number["not_shown_elsewhere"] + number["not_shown_unsure"]
    others = "1 more is" if rest == 1 else f"{rest} more are"
    tail = f" {others} only in the SARIF: tests, examples, or too unsure." if rest else ""
    if not parts:
        return f"Nothing that should be shown first was found in the product's code.{tail}"
    total = sum(count for count, _ in topics)
    word = "finding" if total == 1 else "findings"
    graded = _graded({name: number[name] for name in ("critical", "high", "medium", "low")}, total)
    if len(parts) == 1:
        alone = (
            parts[0] if number["shown_quality"] else f"{total} {word} {parts[0].partition(' ')[2]}"
        )
        return f"{alone}, {graded}.{tail}"
    return f"{total} {word} ({graded}): {', '.join(parts)}.{tail}"


def _graded(number: Mapping[str, int], total: int) -> str:
    """Say how grave findings are: `low`, `all low`, or how many of each."""
    held = [name for name, count in number.items() if count]
    if len(held) == 1:
        return held[0] if total == 1 else f"all {held[0]}"
    return ", ".join(f"{number[name]} {name}" for name in held)


def findings(issues: Sequence[Issue]) -> tuple[Finding, ...]:
    """Return what is shown as findings of the work, bounded."""
    shown = [each for each in sorted(issues, key=rank) if each.is_shown][:FINDINGS_MAX]
    return tuple(
        Finding(
            each.rule,
            each.severity,
            each.title,
            each.path,
            each.line,
            each.why,
            each.remedy,
            each.tool,
        )
        for each in shown
    )


def facts(issues: Sequence[Issue], obtained: str) -> tuple[Fact, ...]:
    """Return the counts with where they stand in the SARIF."""
    words = {
        "shown_security": "Security findings shown",
        "shown_supply": "Findings about what it is built from",
        "shown_quality": "Likely defects",
        "all": "Findings recorded in all",
    }
    number = counts(issues)
    return tuple(
        Fact(
            label,
            number[key],
            "findings",
            "audit.sarif",
            f"/runs/0/properties/counts/{key}",
            obtained,
        )
        for key, label in words.items()
    )


def markdown(
    issues: Sequence[Issue],
    relevant: Sequence[str],
    obtained: Iterable[str],
    left_out: Sequence[str],
    *,
    sentence: str,
    package: str = "",
) -> str:
    """Return audit.md, with its summary; `relevant` are the files that the goal is about."""
    shown = [each for each in sorted(issues, key=rank) if each.is_shown]
    title = f"# Audit of `{package}`" if package else "# Audit"
    lines = [title, "", sentence, ""]
    for topic, heading in TOPICS:
        lines += _topic(heading, [each for each in shown if each.topic == topic])
    lines += _near(shown, relevant)
    lines += _rest(issues)
    lines += ["## How this was obtained", "", *(f"- {words}" for words in obtained)]
    lines += [f"- Left out: {words}" for words in left_out]
    return "\n".join(lines).rstrip() + "\n"


def _topic(heading: str, shown: Sequence[Issue]) -> Iterator[str]:
    if not shown:
        return
    yield from (f"## {heading}", "")
    groups = [
        list(group) for _, group in groupby(shown, key=lambda each: (rank(each)[0], each.rule))
    ]
    for group in _joined(groups)[:RULES_MAX]:
        yield from _group(group)
    left = len(groups) - RULES_MAX
    if left > 0:
        yield from (f"{left} more rules stand in audit.sarif.", "")


def _joined(groups: Sequence[list[Issue]]) -> list[list[Issue]]:
    """Join what the order by sureness tore apart: one rule of one severity appears once."""
    found: dict[tuple[str, str], list[Issue]] = {}
    for group in groups:
        found.setdefault((group[0].severity, group[0].rule), []).extend(group)
    return list(found.values())


def _group(group: Sequence[Issue]) -> Iterator[str]:
    first = group[0]
    titles = {each.title for each in group}
    yield f"### {first.severity}: {first.title if len(titles) == 1 else _common(first)}"
    yield ""
    if first.why and len({each.why for each in group}) == 1:
        yield f"{first.why} {first.remedy}".rstrip()
        yield ""
    elif first.remedy:
        yield from (first.remedy, "")
    for each in group[:PLACES_MAX]:
        words = f": {each.title}" if len(titles) > 1 else ""
        place = f"{each.path}:{each.line}" if each.line else each.path
        yield f"- `{place}`{words}"
    if len(group) > PLACES_MAX:
        yield f"- and {len(group) - PLACES_MAX} more places in audit.sarif"
    yield from (f"- rule `{first.rule}`", "")


def _common(first: Issue) -> str:
    return first.title.partition(": ")[0] if ": " in first.title else first.rule


def _near(shown: Sequence[Issue], relevant: Sequence[str]) -> Iterator[str]:
    if not relevant:
        return
    yield from ("## In the files that the goal is about", "")
    inside = [each for each in shown if each.path in relevant]
    for each in inside:
        yield f"- `{each.path}:{each.line}` {each.severity}: {each.title}"
    if not inside:
        names = ", ".join(f"`{path}`" for path in relevant[:6])
        more = f" and {len(relevant) - 6} more" if len(relevant) > 6 else ""
        yield f"None of the findings above lies in {names}{more}."
    yield ""


def _rest(issues: Sequence[Issue]) -> Iterator[str]:
    hidden = Counter(
        (each.rule, "tests, examples or foreign code" if each.scope != "product" else "unsure")
        for each in issues
        if not each.is_shown
    )
    if not hidden:
        return
    yield from (
        "## Only in audit.sarif",
        "",
        "| rule | places | why not above |",
        "| --- | ---: | --- |",
    )
    ranked = sorted(hidden.items(), key=lambda item: (-item[1], item[0]))
    for (rule, reason), count in ranked[:15]:
        yield f"| `{rule}` | {count} | {reason} |"
    if len(ranked) > 15:
        yield f"| {len(ranked) - 15} more rules | {sum(n for _, n in ranked[15:])} | |"
    yield ""
