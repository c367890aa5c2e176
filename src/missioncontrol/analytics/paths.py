"""Paths: the sequences of events that follow an event, or precede it.

- Each anchor event in the range starts a *path*: the following events of its person in the order
  (happened, received), each at most `within` after the one before; or the preceding ones. They may
  lie outside of the range, but not after `as_of`.
- Hidden events are ignored, also as anchors.
- Consecutive equal names count as one, including those of the anchor. They form the levels: 0 is
  the anchor, followed by at most `depth` more.
- On each level the `width` most frequent names are listed, ties in alphabetical order; the rest is
  "".
- A path continues from a node or ends there, because no event follows in time or the level is the
  last.

Paths are not followed one by one. A person's events form runs of one name without a longer pause;
all anchors of a run have the same path, which is the runs after it up to a pause.
"""

from collections.abc import Sequence
from typing import Any

from missioncontrol.analytics.answers import Flow, Node, PathsAnswer, bad_cell, common_fields
from missioncontrol.analytics.calendar import Setting, bounds
from missioncontrol.analytics.filters import counted, matches
from missioncontrol.analytics.questions import VALUES_MAX, Cell, Paths
from missioncontrol.analytics.sql import SEQ_BITS, Parameters, Rows, between
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement

DEPTH_MAX, WIDTH_MAX = 8, 20
WITHIN_MAX = 30 * 86_400.0
MICROS = 1_000_000


PATHS = """\
WITH anchored AS MATERIALIZED (
    SELECT e.person, e.seq, epoch_us(e.happened) AS us FROM {events} e
    WHERE {in_range} AND {shown} AND ({anchor})
),
reach AS (SELECT person, {edge}(us) AS edge FROM anchored GROUP BY person),
seen AS (
    SELECT e.person, e.seq, e.name, epoch_us(e.happened) AS us, ({anchor}) AND {in_range} AS begins
    FROM {events} e JOIN reach ON reach.person = e.person
    WHERE {shown} AND epoch_us(e.happened) {beyond} reach.edge
),
marked AS (
    SELECT person, seq, name, us,
        lag(us) OVER by_person AS us_before,
        coalesce(us - lag(us) OVER by_person > {within}, true) AS pauses,
        name IS DISTINCT FROM lag(name) OVER by_person AS turns,
        count(*) FILTER (begins) OVER (
            by_person ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begun_before,
        count(*) FILTER (begins) OVER (
            by_person ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS begun
    FROM seen WINDOW by_person AS (PARTITION BY person ORDER BY us, seq)
),
runs AS (SELECT * FROM marked WHERE pauses OR turns),
neighbours AS (
    SELECT person, seq, us, name AS n0,
        coalesce(lead(begun_before) OVER by_person, begun) - begun_before AS anchors,
        {neighbours}
    FROM runs WINDOW by_person AS (PARTITION BY person ORDER BY us, seq)
),
paths AS (SELECT person, seq, us, anchors, n0, {levels} FROM neighbours WHERE anchors > 0),
grouped AS MATERIALIZED (
    SELECT {names}, sum(anchors)::BIGINT AS paths FROM paths GROUP BY {names}
),
leveled AS ({leveled}),
most AS MATERIALIZED (
    SELECT level, name FROM (
        SELECT level, name, row_number() OVER (
            PARTITION BY level ORDER BY sum(paths) DESC, name) AS place
        FROM leveled WHERE name IS NOT NULL GROUP BY level, name
    ) WHERE place <= {width}
)"""


def answer(
    question: Paths, setting: Setting, rows: Rows, *, definition: str, position: int
) -> PathsAnswer:
    """Ask a question: `rows` carries out a statement.

    Raises:
        Rejected: `analytics.bad_paths`, `analytics.bad_condition`, `analytics.bad_segment`,
            `analytics.bad_range` or `analytics.bad_zone`.
    """
    found = rows(statement(question, setting))
    return PathsAnswer(
        **common_fields(question, setting, definition, position),
        nodes=_nodes(found),
        flows=_flows(found),
    )


def statement(question: Paths, setting: Setting) -> Statement:
    """Return the statement of a question.

    Its rows: level, name, name on the next level or None where paths end, and number of paths.
    """
    check(question)
    parameters = Parameters(question.product)
    levels = range(question.depth + 1)
    labeled = ", ".join(_labeled_level(each) for each in levels)
    flows = " UNION ALL ".join(
        f"SELECT {each}, n{each}, {_next(question, each)}, sum(paths)::BIGINT"
        f" FROM labeled WHERE n{each} IS NOT NULL GROUP BY ALL"
        for each in levels
    )
    named = _named(question, setting, parameters)
    return parameters.statement(
        f"{named}, labeled AS MATERIALIZED (SELECT {labeled}, paths FROM grouped) {flows}"
    )


def members(question: Paths, cell: Cell, setting: Setting) -> Statement:
    """Return the statement of the people behind a count: rows `(person, happened)` by path.

    A path enters the count of a node with its event; that of a flow with its event on the next
    level.

    Raises:
        Rejected: as `answer`, or `analytics.bad_cell`.
    """
    check(question)
    level = cell.level or 0
    if not 0 <= level <= question.depth:
        raise bad_cell(f"There is no level {level} after {question.depth} levels.")
    if cell.into is not None and level == question.depth:
        raise bad_cell(f"No path goes on from level {level}, the last.")
    parameters = Parameters(question.product)
    named = _named(question, setting, parameters)
    conditions = [f"{_name(level)} = {parameters.text(cell.series)}"]
    if cell.into is not None:
        conditions.append(f"{_name(level + 1)} = {parameters.text(cell.into)}")
    elif cell.state == "lost":
        conditions.append(f"{_next(question, level)} IS NULL")
    at = level if cell.into is None else level + 1
    # The path of an anchor is that of the last run that starts at or before it.
    begun, anchor = (f"({each}.us::HUGEINT * {1 << SEQ_BITS} + {each}.seq)" for each in ("p", "a"))
    return parameters.statement(
        f"{named} SELECT a.person, make_timestamp({f'u{at}' if at else 'a.us'}) AS happened"
        f" FROM anchored a ASOF JOIN paths p ON p.person = a.person AND {anchor} >= {begun}"
        f" WHERE {' AND '.join(conditions)}"
    )


def check(question: Paths) -> None:
    """Refuse a question that is not valid.

    Raises:
        Rejected: `analytics.bad_paths`.
    """
    if not 1 <= question.depth <= DEPTH_MAX:
        raise _bad_paths(f"{question.depth} levels are not 1 to {DEPTH_MAX}.")
    if not 1 <= question.width <= WIDTH_MAX:
        raise _bad_paths(f"{question.width} events on a level are not 1 to {WIDTH_MAX}.")
    if not 0 <= question.within <= WITHIN_MAX:
        raise _bad_paths(f"{question.within} seconds are not 0 to {WITHIN_MAX:.0f}.")
    if len(question.hidden) > VALUES_MAX:
        raise _bad_paths(f"{len(question.hidden)} hidden events are more than {VALUES_MAX}.")
    if question.anchor.event and question.anchor.event in question.hidden:
        raise _bad_paths(f"{question.anchor.event!r} is both the anchor and hidden.")


def _bad_paths(reason: str) -> Rejected:
    return Rejected("analytics.bad_paths", reason, hint="Change the settings of the paths.")


def _named(question: Paths, setting: Setting, parameters: Parameters) -> str:
    """Return the named queries up to `most`.

    `paths` has a row for each run with anchors in it: how many, and for each level its name and the
    moment of its event that is next to the level before.
    """
    since, until = bounds(question.range, setting)
    is_after = question.direction == "after"
    numbers = range(question.depth + 1)
    return PATHS.format(
        events=counted(question, setting, parameters),
        anchor=matches(question.anchor, parameters, "e"),
        in_range=f"({between(since, until, parameters)})",
        shown=_shown(question, parameters),
        within=parameters.number(int(question.within * MICROS)),
        edge="min" if is_after else "max",
        beyond=">=" if is_after else "<=",
        neighbours=", ".join(_neighbour(each, is_after=is_after) for each in numbers[1:]),
        levels=", ".join(_level(each) for each in numbers[1:]),
        names=", ".join(f"n{each}" for each in numbers),
        leveled=" UNION ALL ".join(
            f"SELECT {each} AS level, n{each} AS name, paths FROM grouped" for each in numbers
        ),
        width=parameters.number(question.width),
    )


def _neighbour(level: int, *, is_after: bool) -> str:
    """Return the run so many further on: its name, its moment, and whether a pause is before it."""
    if is_after:
        found = (("name", level), ("us", level), ("pauses", level))
    else:
        found = (("name", level), ("us_before", level - 1), ("pauses", level - 1))
    step = "lead" if is_after else "lag"
    return ", ".join(
        f"{step}({column}, {by}) OVER by_person AS {name}{level}"
        for name, (column, by) in zip(("m", "u", "p"), found, strict=True)
    )


def _level(level: int) -> str:
    """Return the name of a level, NULL from the first pause on, and its moment."""
    goes_on = f"n{level - 1} IS NOT NULL AND NOT p{level}"
    return f"CASE WHEN {goes_on} THEN m{level} END AS n{level}, u{level}"


def _shown(question: Paths, parameters: Parameters) -> str:
    if not question.hidden:
        return "true"
    return f"e.name NOT IN ({', '.join(parameters.text(each) for each in question.hidden)})"


def _labeled_level(level: int) -> str:
    return f"{_name(level)} AS n{level}"


def _name(level: int) -> str:
    """Return SQL for the listed name of a level: "" for the rest, NULL where the path has ended."""
    return (
        f"CASE WHEN n{level} IS NULL THEN NULL"
        f" WHEN n{level} IN (SELECT name FROM most WHERE level = {level}) THEN n{level} ELSE '' END"
    )


def _next(question: Paths, level: int) -> str:
    return f"n{level + 1}" if level < question.depth else "NULL"


def _nodes(found: Sequence[Sequence[Any]]) -> tuple[Node, ...]:
    counts: dict[tuple[int, str], list[int]] = {}
    for level, name, target, paths in found:
        count = counts.setdefault((level, name), [0, 0])
        count[0] += paths
        count[1] += paths if target is None else 0
    nodes = (Node(level, name, paths, end) for (level, name), (paths, end) in counts.items())
    return tuple(
        sorted(nodes, key=lambda each: (each.level, each.name == "", -each.paths, each.name))
    )


def _flows(found: Sequence[Sequence[Any]]) -> tuple[Flow, ...]:
    flows = (Flow(*row) for row in found if row[2] is not None)
    return tuple(
        sorted(flows, key=lambda each: (each.level, -each.paths, each.source, each.target))
    )
