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
from missioncontrol.application.analytics.product_service import (
    ProductAsked,
    SavedAsked,
    SourceAsked,
)
from missioncontrol.application.analytics.views import ProductView, product_view
from missioncontrol.cli.analytics_alerts import acknowledge, alerts, resolve
from missioncontrol.cli.analytics_digest import digest, in_words
from missioncontrol.cli.analytics_formatters import (
    answer_lines,
    finding_lines,
    findings_table,
    member_lines,
    product_lines,
    summary_lines,
    summary_table,
    use_lines,
)
from missioncontrol.cli.analytics_places import Asked, meant, open_analytics, shelf_of, today_of
from missioncontrol.cli.analytics_questions import (
    cell_of,
    pairs,
    plain,
    question_in,
    question_of,
    range_of,
    segment_of,
    step,
)
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.output import columns, note, print_bytes, print_json, print_text
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.visible import visible

PERSON_MAX = 1_000

Verb = Callable[[argparse.Namespace, Desk], int]


def analytics(arguments: argparse.Namespace) -> int:
    """Do what `mission analytics VERB` was asked for."""
    desk = Desk(arguments, os.environ)
    try:
        return VERBS[arguments.analytics](arguments, desk)
    finally:
        desk.close()


# Products and sources.


def _products(arguments: argparse.Namespace, desk: Desk) -> int:
    found = [product_view(each) for each in asyncio.run(shelf_of(desk).all())]
    return _print_found(arguments, found, (line for each in found for line in product_lines(each)))


def _add_product(arguments: argparse.Namespace, desk: Desk) -> int:
    week = arguments.week_starts
    ask = ProductAsked("add", arguments.slug, arguments.name, arguments.zone, week)
    desk.deliver(ask)
    return _show_product(arguments, desk, arguments.slug)


def _settings(arguments: argparse.Namespace, desk: Desk) -> int:
    for ask in _changes(arguments):
        desk.deliver(ask)
    return _show_product(arguments, desk, arguments.product)


def _changes(arguments: argparse.Namespace) -> Iterable[ProductAsked]:
    """Yield what of the settings is to change, and nothing where they are only looked at."""
    product = arguments.product
    calendar = (arguments.name, arguments.zone, arguments.week_starts, arguments.keep_days)
    if any(value is not None for value in calendar):
        yield ProductAsked("change", product, *calendar)
    people, where = arguments.exclude, arguments.exclude_where
    if arguments.no_exclusions:
        people, where = people or [], where or []
    if people is not None or where is not None or arguments.bots is not None:
        yield ProductAsked(
            "exclude",
            product,
            bots=None if arguments.bots is None else arguments.bots == "exclude",
            people=None if people is None else tuple(people),
            properties=None if where is None else pairs("--exclude-where", where),
        )
    limits = (arguments.max_per_second, arguments.max_events, arguments.max_megabytes)
    if any(value is not None for value in limits):
        per_second, events, megabytes = limits
        yield ProductAsked(
            "limit",
            product,
            events_per_second=per_second,
            events_max=events,
            megabytes_max=megabytes,
        )
    steps = None if arguments.step is None else tuple(plain(step(t)) for t in arguments.step)
    actions = None if arguments.action is None else tuple(arguments.action)
    stated = (steps, arguments.activated_at, actions, arguments.active)
    if any(value is not None for value in stated):
        yield ProductAsked(
            "measure",
            product,
            activation=steps,
            activated_at=arguments.activated_at,
            actions=actions,
            active=arguments.active,
        )


def _show_product(arguments: argparse.Namespace, desk: Desk, product: str) -> int:
    view = product_view(asyncio.run(shelf_of(desk).find(product)))
    return _print_found(arguments, view, product_lines(view))


def _use(arguments: argparse.Namespace, desk: Desk) -> int:
    found = open_analytics(desk, arguments).use(meant(arguments, desk))
    return _print_found(arguments, found, use_lines(found))


def _sources(arguments: argparse.Namespace, desk: Desk) -> int:
    found = product_view(asyncio.run(shelf_of(desk).find(arguments.product)))
    return _print_found(arguments, found.sources, product_lines(found))


def _add_source(arguments: argparse.Namespace, desk: Desk) -> int:
    name = (arguments.product, arguments.source)
    ask = SourceAsked("add", *name, arguments.name, arguments.kind, arguments.internal)
    return _show_key(arguments, desk.deliver(ask))


def _renew_key(arguments: argparse.Namespace, desk: Desk) -> int:
    ask = SourceAsked("renew", arguments.product, arguments.source)
    return _show_key(arguments, desk.deliver(ask))


def _show_key(arguments: argparse.Namespace, made: dict[str, Any]) -> int:
    if arguments.json:
        print_json(made)
        return SUCCEEDED
    print_text(f"{made['key']}\n")
    note(
        "This is the write key of Segment's libraries, and the API key of PostHog's. "
        "It is not shown again.\n"
    )
    return SUCCEEDED


def _source(arguments: argparse.Namespace, desk: Desk) -> int:
    internal = None if arguments.internal is None else arguments.internal == "yes"
    about = (arguments.product, arguments.source, arguments.name)
    desk.deliver(SourceAsked("change", *about, is_internal=internal))
    return _show_product(arguments, desk, arguments.product)


def _revoke_source(arguments: argparse.Namespace, desk: Desk) -> int:
    about = (arguments.product, arguments.source)
    desk.deliver(SourceAsked("revoke", *about, reason=arguments.reason))
    return _show_product(arguments, desk, arguments.product)


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


def _cohorts(arguments: argparse.Namespace, desk: Desk) -> int:
    found = asyncio.run(shelf_of(desk).cohorts(arguments.product))
    lines = (
        f"{each.id}  {each.name}" + (f", as it was {each.as_of}" if each.is_fixed else "")
        for each in found
    )
    return _print_found(arguments, found, lines, "No cohort is saved of this product.")


def _save_cohort(arguments: argparse.Namespace, desk: Desk) -> int:
    segment = plain(segment_of(arguments))
    about = (arguments.product, arguments.id, arguments.name, arguments.note)
    saved = desk.deliver(SavedAsked("cohort", *about, segment))
    return _print_found(arguments, saved, [f"Segments can ask for it as --cohort {saved['id']}."])


def _remove_cohort(arguments: argparse.Namespace, desk: Desk) -> int:
    gone = desk.deliver(SavedAsked("remove_cohort", arguments.product, arguments.cohort))
    return _print_found(arguments, gone, [f"Cohort {arguments.cohort} is not offered any more."])


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
        print_json(msgspec.to_builtins(found) if isinstance(found, ProductView) else found)
        return SUCCEEDED
    text = "".join(f"{visible(line)}\n" for line in lines)
    print_text(text)
    if not text and nothing:
        note(f"{nothing}\n")
    return SUCCEEDED


VERBS: dict[str, Verb] = {
    "products": _products,
    "add-product": _add_product,
    "settings": _settings,
    "use": _use,
    "sources": _sources,
    "add-source": _add_source,
    "renew-key": _renew_key,
    "source": _source,
    "revoke-source": _revoke_source,
    **dict.fromkeys(("funnel", "retention", "trends", "active", "lifecycle", "paths"), _question),
    "ask": _ask_file,
    "anomalies": _anomalies,
    "summary": _summary,
    "digest": digest,
    "alerts": alerts,
    "acknowledge": acknowledge,
    "resolve": resolve,
    "definitions": _definitions,
    "cohorts": _cohorts,
    "save-cohort": _save_cohort,
    "remove-cohort": _remove_cohort,
    "import": _of_files("import_file"),
    "export": _of_files("export_file"),
    "seed": _of_files("seed"),
    "forget": _forget,
    "clear": _clear,
}
"""What each verb does."""
