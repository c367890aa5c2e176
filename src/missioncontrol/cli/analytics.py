"""`mission analytics`: products, their sources, and what the people who use them do."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import msgspec

from missioncontrol.analytics.definition import NAMES, Definition, definition, definitions
from missioncontrol.analytics.questions import AnyQuestion
from missioncontrol.analytics.scope import NO_BEHAVIORAL_CHANGES
from missioncontrol.analytics.tables import Changes, csv_of, people, table
from missioncontrol.application.analytics.membership import is_behavioral
from missioncontrol.cli.analytics_alerts import acknowledge, resolve
from missioncontrol.cli.analytics_digest import digest, in_words
from missioncontrol.cli.analytics_formatters import (
    answer_lines,
    finding_lines,
    findings_table,
    member_lines,
    summary_lines,
    summary_table,
)
from missioncontrol.cli.analytics_places import Asked, meant, open_analytics, shelf_of, today_of
from missioncontrol.cli.analytics_questions import (
    cell_of,
    pairs,
    question_in,
    question_of,
    range_of,
    segment_of,
    step,
)
from missioncontrol.cli.declarations import item_of, run
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.output import columns, note, print_bytes, print_json, print_text
from missioncontrol.domain.cohorts import id_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.operations.product import (
    CHANGE,
    CHANGE_SOURCE,
    EXCLUDE,
    LIMIT,
    MEASURE,
    REVOKE_SOURCE,
    SAVE_COHORT,
    AnyOperation,
)
from missioncontrol.queries.product import COHORT, GET, GET_USE, SOURCE, product_lines, use_lines

PERSON_MAX = 1_000
YES = {"yes": True, "no": False}

Verb = Callable[[argparse.Namespace, Desk], int]


def analytics(arguments: argparse.Namespace) -> int:
    """Do what `mission analytics VERB` was asked for."""
    by_hand = VERBS.get(arguments.analytics)
    if by_hand is None:
        return run(arguments)
    desk = Desk(arguments, os.environ)
    try:
        return by_hand(arguments, desk)
    finally:
        desk.close()


# Products and sources.


def _settings(arguments: argparse.Namespace, desk: Desk) -> int:
    for operation, given in _changes(arguments):
        desk.execute(operation, arguments.product, given)
    return _show_product(arguments, desk)


def _changes(arguments: argparse.Namespace) -> Iterable[tuple[AnyOperation, dict[str, Any]]]:
    """Yield what of the settings is to change, and nothing where they are only looked at."""
    people, where, steps = arguments.exclude, arguments.exclude_where, arguments.step
    if arguments.no_exclusions:
        people, where = people or [], where or []
    wanted: tuple[tuple[AnyOperation, dict[str, Any]], ...] = (
        (
            CHANGE,
            {
                "name": arguments.name,
                "zone": arguments.zone,
                "week_starts": arguments.week_starts,
                "retention_days": arguments.keep_days,
            },
        ),
        (
            EXCLUDE,
            {
                "bots": None if arguments.bots is None else arguments.bots == "exclude",
                "people": people,
                "properties": None if where is None else pairs("--exclude-where", where),
            },
        ),
        (
            LIMIT,
            {
                "events_per_second": arguments.max_per_second,
                "events_max": arguments.max_events,
                "megabytes_max": arguments.max_megabytes,
            },
        ),
        (
            MEASURE,
            {
                "activation": None if steps is None else tuple(map(step, steps)),
                "activated_at": arguments.activated_at,
                "actions": arguments.action,
                "active": arguments.active,
            },
        ),
    )
    for operation, fields in wanted:
        given = {name: value for name, value in fields.items() if value is not None}
        if given:
            yield operation, given


def _show_product(arguments: argparse.Namespace, desk: Desk) -> int:
    found = item_of(desk, GET, arguments.product)
    return _print_found(arguments, found, product_lines(found))


def _use(arguments: argparse.Namespace, desk: Desk) -> int:
    found = item_of(desk, GET_USE, meant(arguments, desk).slug)
    return _print_found(arguments, found, use_lines(found))


def _source(arguments: argparse.Namespace, desk: Desk) -> int:
    given = {"name": arguments.name, "is_internal": arguments.internal and YES[arguments.internal]}
    given = {name: value for name, value in given.items() if value is not None}
    desk.execute(CHANGE_SOURCE, SOURCE.join([arguments.product, arguments.source]), given)
    return _show_product(arguments, desk)


def _revoke_source(arguments: argparse.Namespace, desk: Desk) -> int:
    id_ = SOURCE.join([arguments.product, arguments.source])
    desk.execute(REVOKE_SOURCE, id_, {"reason": arguments.reason})
    return _show_product(arguments, desk)


# Questions.


def _question(arguments: argparse.Namespace, desk: Desk) -> int:
    product = meant(arguments, desk)
    return _ask(arguments, desk, question_of(arguments, product, today_of(product)))


def _ask_file(arguments: argparse.Namespace, desk: Desk) -> int:
    return _ask(arguments, desk, question_in(arguments.file))


def _ask(arguments: argparse.Namespace, desk: Desk, question: AnyQuestion) -> int:
    place: Asked = open_analytics(desk, arguments)
    if arguments.people:
        found = place.members(question, cell_of(arguments.people, question))
        if arguments.csv:
            print_bytes(csv_of(people(found)).encode())
            return SUCCEEDED
        return _print_found(arguments, found, member_lines(found))
    answer = place.answer(question)
    changes: Changes = getattr(arguments, "changes", None) or ""
    if arguments.csv:
        print_bytes(csv_of(table(answer, changes)).encode())
        return SUCCEEDED
    return _print_found(arguments, answer, answer_lines(answer, changes))


def _anomalies(arguments: argparse.Namespace, desk: Desk) -> int:
    product = meant(arguments, desk)
    segment = segment_of(arguments)
    found = open_analytics(desk, arguments).findings(product.slug, segment)
    if arguments.csv:
        print_bytes(csv_of(findings_table(found)).encode())
        return SUCCEEDED
    about = shelf_of(desk), product.slug, segment, today_of(product)
    none = "Nothing changed by more than chance."
    if not found and asyncio.run(is_behavioral(*about)):
        none = NO_BEHAVIORAL_CHANGES
    return _print_found(arguments, list(found), finding_lines(found), none)


def _summary(arguments: argparse.Namespace, desk: Desk) -> int:
    product = meant(arguments, desk)
    days = range_of(arguments, today_of(product))
    segment = segment_of(arguments)
    found = open_analytics(desk, arguments).summary(product.slug, days, segment)
    if not arguments.by_rule and in_words(arguments, desk, found, days, segment):
        found = open_analytics(desk, arguments).summary(product.slug, days, segment)
    if arguments.csv:
        print_bytes(csv_of(summary_table(found)).encode())
        return SUCCEEDED
    if arguments.json:
        print_json(found)
    else:  # What stands in it has been made visible already; it has thin spaces of ours.
        print_text("".join(f"{line}\n" for line in summary_lines(found, columns())))
    return SUCCEEDED


def _definitions(arguments: argparse.Namespace, _: Desk) -> int:
    name = arguments.name
    if name and name not in NAMES:
        hint = f"There are {', '.join(NAMES)}."
        raise NotFound("definition.unknown", f"There is no definition {name[:80]!r}.", hint=hint)
    found = (definition(name),) if name else definitions()
    lines = (line for each in found for line in _definition_lines(each, is_whole=bool(name)))
    return _print_found(arguments, found[0] if name else found, lines)


def _definition_lines(found: Definition, *, is_whole: bool) -> Iterable[str]:
    yield f"{found.stamp}  {found.title}"
    yield from wrapped(found.says, columns(), "    ", "    ")
    parts = (found.windows, found.denominators, found.edges, found.wording) if is_whole else ()
    for part in parts:
        yield ""
        for name, says in part.items():
            yield from wrapped(says, columns(), f"    {name}: ", "        ")


# Cohorts and people.


def _save_cohort(arguments: argparse.Namespace, desk: Desk) -> int:
    name = arguments.id or id_of(arguments.name)
    given = {"name": arguments.name, "note": arguments.note, "segment": segment_of(arguments)}
    desk.execute(SAVE_COHORT, COHORT.join([arguments.product, name]), given)
    saved = {"product": arguments.product, "id": name}
    return _print_found(arguments, saved, [f"Segments can ask for it as --cohort {name}."])


def _forget(arguments: argparse.Namespace, desk: Desk) -> int:
    person = arguments.person
    if person == "-":
        person = sys.stdin.readline(PERSON_MAX + 1).strip()
    gone = open_analytics(desk, arguments).forget(arguments.product, person, arguments.reason)
    message = (
        f"Removed, with {_many(gone.events, 'event')}. {_many(gone.ids, 'id')} "
        f"{'is' if gone.ids == 1 else 'are'} not accepted again. "
        f"The log tells of it as {gone.forgetting}, and not of whom."
    )
    lines = [message if gone.ids else "They were removed before: nothing of them was left."]
    if gone.named_in:
        lines.append(f"What is saved still has an id of theirs: {', '.join(gone.named_in)}.")
        lines.append("Save it without.")
    if gone.in_log:
        lines.append(f"The log has an id of theirs in {'; '.join(gone.in_log)}.")
        lines.append("That stays: each entry of the log seals those before it.")
    return _print_found(arguments, gone, lines)


def _clear(arguments: argparse.Namespace, desk: Desk) -> int:
    if not arguments.yes:
        raise Rejected(
            "analytics.unconfirmed",
            f"This would remove all events of {arguments.product!r}.",
            hint="Say --yes to do it.",
        )
    gone = open_analytics(desk, arguments).clear(arguments.product, arguments.reason)
    return _print_found(
        arguments,
        gone,
        [f"{_many(gone.events, 'event')} {'is' if gone.events == 1 else 'are'} removed."],
    )


def _many(number: int, noun: str) -> str:
    """Return `1 event` or `2 events`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _of_files(name: str) -> Verb:
    """Return a verb that reads or writes many events; what it needs is imported for it alone."""

    def verb(arguments: argparse.Namespace, desk: Desk) -> int:
        found: Verb = getattr(import_module("missioncontrol.cli.analytics_files"), name)
        return found(arguments, desk)

    return verb


def _print_found(
    arguments: argparse.Namespace, found: Any, lines: Iterable[str], nothing: str = ""
) -> int:
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    text = "".join(f"{visible(line)}\n" for line in lines)
    print_text(text)
    if not text and nothing:
        note(f"{nothing}\n")
    return SUCCEEDED


VERBS: dict[str, Verb] = {
    "settings": _settings,
    "use": _use,
    "source": _source,
    "revoke-source": _revoke_source,
    **dict.fromkeys(("funnel", "retention", "trends", "active", "lifecycle", "paths"), _question),
    "ask": _ask_file,
    "anomalies": _anomalies,
    "summary": _summary,
    "digest": digest,
    "acknowledge": acknowledge,
    "resolve": resolve,
    "definitions": _definitions,
    "save-cohort": _save_cohort,
    "import": _of_files("import_file"),
    "export": _of_files("export_file"),
    "seed": _of_files("seed"),
    "forget": _forget,
    "clear": _clear,
}
"""Commands of analytics that are written by hand."""
