"""Answers about the use of a product, as a terminal shows them."""

from collections.abc import Iterator, Sequence

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    AnyAnswer,
    FunnelAnswer,
    LifecycleAnswer,
    Members,
    PathsAnswer,
    RetentionAnswer,
    StepCount,
    TrendAnswer,
)
from missioncontrol.analytics.detection.findings import Figure, Finding, at_most_all
from missioncontrol.analytics.narrative import THIN
from missioncontrol.analytics.questions import digest
from missioncontrol.analytics.summary import PARTS, Point, Summary
from missioncontrol.analytics.tables import Changes, Table, Value, table
from missioncontrol.cli.formatters import wrapped
from missioncontrol.domain.definition.quantities import duration_in_words

BAR = 24
COLUMNS_MAX = 14
"""Periods of a cohort that a terminal shows; `--csv` has all of them."""


def answer_lines(answer: AnyAnswer, changes: Changes = "") -> Iterator[str]:
    """Yield an answer line by line, with how it differs from the days before where asked for."""
    match answer:
        case FunnelAnswer():
            yield from _funnel(answer)
        case RetentionAnswer():
            yield from _retention(answer)
        case TrendAnswer() | ActiveAnswer() | LifecycleAnswer() | PathsAnswer():
            yield from grid(table(answer, changes))
    yield ""
    if since := getattr(answer, "data_since", ""):
        yield f"There is data since {since}; nothing is compared with the days before."
    yield f"as of {answer.as_of}, days of {answer.zone}, by the definition {answer.definition}"


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what changed, the most severe first."""
    for each in findings:
        yield f"{each.severity:<8}  {each.title}: {100 * each.effect:+.0f} %"
        lasts = "since" if each.is_ongoing else "from"
        until = "" if each.is_ongoing else f" to {each.until}"
        values = f"{_figure(each.observed)} where {_figure(each.low)} to {_figure(each.high)}"
        yield f"    {each.metric}, {lasts} {each.since}{until}: {values} was expected"
        for part in (part for part in each.slices if part.explains):
            name = f"{part.property} {part.value or '(none)'}"
            share = at_most_all(part.share)
            yield f"    {percent(share)} of it with {name}, {percent(part.of_all)} before"
        for other in each.also:
            yield f"    with it: {other.title} {100 * other.effect:+.0f} %"


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return what changed as a table."""
    columns = ("severity", "metric", "title", "since", "until", "is_ongoing", "effect")
    figures = ("observed", "expected", "low", "high", "unit", "question")
    rows = (
        (
            each.severity,
            each.metric,
            each.title,
            each.since.isoformat(),
            each.until.isoformat(),
            each.is_ongoing,
            each.effect,
            each.observed.value,
            each.expected.value,
            each.low.value,
            each.high.value,
            each.unit,
            digest(each.observed.question),
        )
        for each in findings
    )
    return Table((*columns, *figures), tuple(rows))


def summary_lines(found: Summary, width: int) -> Iterator[str]:
    """Yield an executive summary."""
    yield from wrapped(_grouped(found.verdict.text), width)
    for name, title in PARTS.items():
        points: Sequence[Point] = getattr(found, name)
        if points:
            yield ""
            yield title
        for point in points:
            yield from wrapped(_grouped(point.text), width, "  - ", "    ")
    if found.hint:
        yield ""
        yield from wrapped(f"To set up: {found.hint}.", width)
    yield ""
    yield from wrapped(f"{found.scope} {_by(found)}", width)


def _grouped(text: str) -> str:
    """Return words as a terminal has them: thousands stand apart by commas, as everywhere there."""
    return text.replace(THIN, ",")


def _by(found: Summary) -> str:
    """Return who wrote a summary, by which definition."""
    by = f"Written by {found.written_by} from the same figures" if found.written_by else ""
    by = by or "Made of the figures by rule"
    why = f" The words of a model are not used: {found.not_written}" if found.not_written else ""
    return f"{by}, as of {found.as_of}, by the definition {found.definition}.{why}"


def summary_table(found: Summary) -> Table:
    """Return a summary as a table: each number with the question that yields it."""
    rows: list[tuple[Value, ...]] = []
    for name in PARTS:
        for point in getattr(found, name):
            quoted = point.figures or (None,)
            for figure in quoted:
                cells = ("", "") if figure is None else (figure.shown, figure.question)
                rows.append((name, point.text, *cells))
    return Table(("part", "text", "figure", "question"), tuple(rows))


def _figure(figure: Figure) -> str:
    return percent(figure.value) if figure.unit == "share" else f"{figure.value:,.0f}"


def member_lines(found: Members) -> Iterator[str]:
    """Yield who is behind a count."""
    for each in found.members:
        yield f"{each.happened}  {each.label}"
    left = found.total - len(found.members)
    yield f"{found.total:,} in all" + (f", {left:,} of them not shown" if left else "")


def grid(found: Table) -> Iterator[str]:
    """Yield a table with its columns in line: numbers to the right."""
    rows = [tuple(_cell(value) for value in row) for row in found.rows]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(len(found.columns))]
    widths = [max(width, len(name)) for width, name in zip(widths, found.columns, strict=True)]
    yield _line(found.columns, widths, ["text"] * len(widths))
    for row, values in zip(rows, found.rows, strict=True):
        kinds = ["number" if isinstance(value, int | float) else "text" for value in values]
        yield _line(row, widths, kinds)


def _funnel(answer: FunnelAnswer) -> Iterator[str]:
    yield from _steps(answer.steps)
    for group in answer.groups:
        yield ""
        yield group.key or "(none)"
        yield from _steps(group.steps)
    if answer.trend:
        yield ""
        yield "entered in"
    for group in answer.trend:
        last, first = group.steps[-1], group.steps[0]
        mark = "" if group.is_complete else ", still open"
        counts = f"{first.reached:>9,} > {last.reached:,}"
        yield f"  {group.key:<26} {counts:<22} {percent(last.of_first):>7}{mark}"


def _steps(steps: Sequence[StepCount]) -> Iterator[str]:
    width = max(len(step.label) for step in steps)
    for place, step in enumerate(steps, start=1):
        bar = "█" * round(BAR * (step.of_first or 0.0))
        head = f"{place}  {step.label:<{width}}  {step.reached:>9,}  {percent(step.of_first):>7}"
        rest = ""
        if place > 1 and step.of_before is not None:
            took = "" if step.median_step is None else f", half within {_took(step.median_step)}"
            before = f"{percent(step.of_before)} of the step before{took}"
            rest = f"  {before}; {step.lost:,} lost, {step.pending:,} pending"
        yield f"{head}  {bar:<{BAR}}{rest}".rstrip()


def _retention(answer: RetentionAnswer) -> Iterator[str]:
    labels = answer.labels[:COLUMNS_MAX]
    groups = [("", answer.cohorts, answer.overall)]
    groups += [(group.key or "(none)", group.cohorts, group.overall) for group in answer.groups]
    for key, cohorts, overall in groups:
        if key:
            yield ""
            yield key
        yield f"{'cohort':<12}{'people':>9}" + "".join(f"{label:>10}" for label in labels)
        for cohort in cohorts:
            shares = "".join(f"{percent(each.share):>10}" for each in cohort.kept[:COLUMNS_MAX])
            yield f"{cohort.bucket:<12}{cohort.size:>9,}{shares}"
        people = sum(cohort.size for cohort in cohorts)
        shares = "".join(f"{percent(share):>10}" for share in overall[:COLUMNS_MAX])
        yield f"{'overall':<12}{people:>9,}{shares}"


def _took(seconds: float) -> str:
    """Return a time in words, no more exactly than anybody wants to know it."""
    for least, unit in ((172_800, 3_600), (7_200, 60), (1, 1)):
        if seconds >= least:
            return str(duration_in_words(float(round(seconds / unit) * unit)))
    return "1s"


def percent(share: float | None) -> str:
    """Return a share as per cent; a dash where it is unknown."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _line(cells: Sequence[str], widths: Sequence[int], kinds: Sequence[str]) -> str:
    placed = (
        cell.rjust(width) if kind == "number" else cell.ljust(width)
        for cell, width, kind in zip(cells, widths, kinds, strict=True)
    )
    return "  ".join(placed).rstrip()


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
        case _:
            return str(value)
