"""What `mission analytics` takes on the command line."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from missioncontrol.cli.parser import add_noun

WholeNumber = Callable[[str], int]


def add_analytics(verbs: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    """Add `analytics` to `verbs`; each of its own verbs takes what `home` takes."""
    text = "how people use a product: funnels, retention, trends, alerts"
    by_hand = partial(_add_all, whole_number=whole_number)
    add_noun(verbs, "analytics", home, text, by_hand, declared="product")


def _add_all(kinds: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    _add_products(kinds, home, whole_number)
    _add_sources(kinds, home)
    _add_questions(kinds, home, whole_number)
    _add_alerts(kinds, home, whole_number)
    _add_digest(kinds, home, whole_number)
    _add_cohorts(kinds, home)
    _add_people(kinds, home)
    _add_files(kinds, home, whole_number)


def _add_products(kinds: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    settings = kinds.add_parser("settings", parents=[home], help="show or change a product")
    settings.add_argument("product", metavar="PRODUCT")
    settings.add_argument("--name", metavar="NAME")
    settings.add_argument(
        "--keep-days", metavar="N", type=whole_number, help="days to store events; 0: all"
    )
    for name, what in (
        ("--max-events", "events that are stored; more are refused"),
        ("--max-megabytes", "of what they tell; more is refused"),
        ("--max-per-second", "events that each source may send in a second, for long"),
    ):
        settings.add_argument(name, metavar="N", type=whole_number, help=what)
    settings.add_argument(
        "--exclude", metavar="ID", action="append", help="a test person; `*` stands for any letters"
    )
    settings.add_argument(
        "--exclude-where",
        metavar="PROPERTY=VALUE",
        action="append",
        help="people with this property count in no measure",
    )
    settings.add_argument(
        "--no-exclusions", action="store_true", help="test people count, but for those named here"
    )
    settings.add_argument("--bots", choices=("count", "exclude"), help="whether bots count")
    settings.add_argument(
        "--step",
        metavar="EVENT[@TIME]",
        action="append",
        help="of the activation funnel, with its window since the step before: invite@14d",
    )
    settings.add_argument(
        "--activated-at",
        metavar="N",
        type=whole_number,
        help="the step, from 1, by which a person is activated (default: the last)",
    )
    settings.add_argument("--action", metavar="EVENT", action="append", help="it is there for")
    settings.add_argument("--active", metavar="EVENT", help="by which a person is active")
    settings.add_argument("--zone", metavar="ZONE", help="of its days, such as Europe/Zurich")
    settings.add_argument("--week-starts", choices=("monday", "sunday", "saturday"))
    _add_json(settings)
    used = kinds.add_parser("use", parents=[home], help="how much is stored, and how much may be")
    used.add_argument("product", metavar="PRODUCT", nargs="?", default="")
    _add_json(used)
    definitions = kinds.add_parser("definitions", parents=[home], help="what each measure means")
    definitions.add_argument("name", metavar="NAME", nargs="?", default="", help="(default: all)")
    _add_json(definitions)


def _add_sources(kinds: Any, home: argparse.ArgumentParser) -> None:
    change = kinds.add_parser("source", parents=[home], help="change a source")
    revoke = kinds.add_parser("revoke-source", parents=[home], help="refuse all its new events")
    for verb in (change, revoke):
        verb.add_argument("product", metavar="PRODUCT")
        verb.add_argument("source", metavar="SOURCE")
        _add_json(verb)
    change.add_argument("--name", metavar="NAME")
    change.add_argument("--internal", choices=("yes", "no"), help="whether its events do not count")
    revoke.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")


def _add_questions(kinds: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    asked = _common(whole_number)
    funnel = kinds.add_parser("funnel", parents=[home, asked], help="who gets from step to step")
    funnel.add_argument(
        "--step",
        metavar="EVENT[@TIME]",
        action="append",
        help="with its window, as in invite@14d (default: the product's activation funnel)",
    )
    funnel.add_argument("--within", metavar="TIME", help="from the first step to the last")
    funnel.add_argument("--windows-from", choices=("before", "first"), default="before")
    funnel.add_argument("--order", choices=("ordered", "strict", "any"), default="ordered")
    funnel.add_argument("--count", choices=("people", "entries", "sessions"), default="people")
    funnel.add_argument("--constant", metavar="PROPERTY", default="", help="the same at every step")
    funnel.add_argument(
        "--exclude",
        metavar="EVENT[:AFTER-BEFORE]",
        action="append",
        help="not between two steps, as in refund:1-3 (default: from the first to the last)",
    )
    funnel.add_argument(
        "--touch", choices=("first", "last"), default="first", help="of which entry --breakdown is"
    )
    retention = kinds.add_parser("retention", parents=[home, asked], help="who comes back")
    retention.add_argument("--start", metavar="EVENT", default="", help="(default: the first step)")
    retention.add_argument("--back", metavar="EVENT", default="", help="(default: any)")
    retention.add_argument("--kind", choices=("first", "recurring"), default="first")
    retention.add_argument("--mode", choices=("exact", "on_or_after", "bracket"), default="exact")
    retention.add_argument(
        "--bracket", metavar="FIRST-LAST", action="append", help="periods, as in 1-3"
    )
    retention.add_argument("--periods", metavar="N", type=whole_number, default=10)
    retention.add_argument("--unit", choices=("day", "week", "month"), default="week")
    retention.add_argument("--rolling", action="store_true", help="periods of 24 h since the start")
    trends = kinds.add_parser("trends", parents=[home, asked], help="how often something happens")
    trends.add_argument(
        "--event",
        metavar="EVENT[:COUNT[:PROPERTY]]",
        action="append",
        help="such as order, order:people or order:sum:amount; may be repeated (default: any)",
    )
    trends.add_argument("--formula", metavar="TEXT", default="", help="A / B, over these in order")
    active = kinds.add_parser("active", parents=[home, asked], help="DAU, WAU, MAU, stickiness")
    lifecycle = kinds.add_parser(
        "lifecycle", parents=[home, asked], help="who is new, stays, comes back or falls silent"
    )
    paths = kinds.add_parser("paths", parents=[home, asked], help="what people do after an event")
    paths.add_argument("anchor", metavar="EVENT")
    paths.add_argument("--before", action="store_true", help="what they do before it")
    paths.add_argument("--depth", metavar="N", type=whole_number, default=4)
    paths.add_argument("--width", metavar="N", type=whole_number, default=6)
    paths.add_argument("--hide", metavar="EVENT", action="append", help="may be repeated")
    paths.add_argument("--within", metavar="TIME", default="30m", help="(default: %(default)s)")
    for verb in (active, lifecycle):
        verb.add_argument("--event", metavar="EVENT", default=None, help="(default: any)")
    for verb in (trends, active):
        verb.add_argument(
            "--compared", action="store_true", help="with as many days before, on the same weekdays"
        )
        verb.add_argument(
            "--as",
            dest="changes",
            choices=("percent", "absolute"),
            help="with the change from the days before, as a part of them or as a number",
        )
    for verb in (funnel, retention, trends):
        verb.add_argument(
            "--breakdown", metavar="PROPERTY", default="", help="person.NAME of people"
        )
    for verb, units in (
        (funnel, ("hour", "day", "week", "month")),
        (trends, ("hour", "day", "week", "month")),
        (lifecycle, ("day", "week", "month")),
    ):
        verb.add_argument("--by", choices=units)
    found = kinds.add_parser("anomalies", parents=[home], help="what changed, and who explains it")
    summary = kinds.add_parser(
        "summary", parents=[home], help="what changed, why it matters, what now"
    )
    for verb in (found, summary):
        verb.add_argument(
            "--product", metavar="PRODUCT", default="", help="(default: the only one)"
        )
        _add_forms(verb)
        _add_segment(verb)
    _add_days(summary, whole_number)
    summary.add_argument(
        "--by-rule", action="store_true", help="ask no model, also where one is configured"
    )
    ask = kinds.add_parser("ask", parents=[home], help="a question as JSON, as the API takes it")
    ask.add_argument("file", metavar="FILE", help="`-` for standard input")
    _add_output(ask)


def _common(whole_number: WholeNumber) -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(add_help=False)
    asked.add_argument("--product", metavar="PRODUCT", default="", help="(default: the only one)")
    _add_days(asked, whole_number)
    _add_segment(asked)
    _add_output(asked)
    return asked


def _add_segment(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--where",
        metavar="PROPERTY=VALUE",
        action="append",
        help="only such events; person.PROPERTY=VALUE: only such people; != for others",
    )
    verb.add_argument("--cohort", metavar="COHORT", action="append", help="only people in it")


def _add_days(verb: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    verb.add_argument(
        "--days", metavar="N", type=whole_number, help="up to and with today (default: 28)"
    )
    verb.add_argument("--since", metavar="DAY", help="the first day, as in 2026-11-01")
    verb.add_argument("--until", metavar="DAY", help="the last day (default: today)")


def _add_cohorts(kinds: Any, home: argparse.ArgumentParser) -> None:
    save = kinds.add_parser("save-cohort", parents=[home], help="keep people under a name")
    save.add_argument("product", metavar="PRODUCT")
    _add_json(save)
    save.add_argument("name", metavar="NAME")
    save.add_argument("--id", metavar="ID", default="", help="(default: made of the name)")
    save.add_argument("--note", metavar="TEXT", default="")
    save.add_argument("--where", metavar="PROPERTY=VALUE", action="append")
    save.add_argument(
        "--did",
        metavar="EVENT[:TIMES[:DAYS]]",
        action="append",
        help="at least so often in the last days, as in order:3:30",
    )


def _add_alerts(kinds: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    from missioncontrol.surfaces.cli import add_verbs

    add_verbs(kinds, home, "alert", whole_number)
    acknowledged = kinds.add_parser(
        "acknowledge", parents=[home], help="say that you see to an alert"
    )
    resolved = kinds.add_parser("resolve", parents=[home], help="mark an alert as resolved")
    for verb in (acknowledged, resolved):
        verb.add_argument("product", metavar="PRODUCT")
        verb.add_argument("alert", metavar="ALERT")
        verb.add_argument("--note", metavar="TEXT", default="")
        _add_json(verb)


def _add_digest(kinds: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    verb = kinds.add_parser(
        "digest", parents=[home], help="write the summary down: now, or by the clock"
    )
    verb.add_argument("--product", metavar="PRODUCT", default="", help="(default: the only one)")
    verb.add_argument(
        "--days", metavar="N", type=whole_number, help="up to and with its day (default: 28)"
    )
    verb.add_argument("--at", metavar="EXPR", default="", help="when: '0 7 * * 1-5', or @daily")
    verb.add_argument(
        "--timezone", metavar="AREA/CITY", default="", help="of --at (default: the product's)"
    )
    verb.add_argument("--to", metavar="WEBHOOK", default="", help="make sure it is notified")
    verb.add_argument("--off", action="store_true", help="write it by the clock no more")
    _add_json(verb)


def _add_people(kinds: Any, home: argparse.ArgumentParser) -> None:
    forget = kinds.add_parser("forget", parents=[home], help="remove a person everywhere")
    forget.add_argument("product", metavar="PRODUCT")
    forget.add_argument("person", metavar="PERSON", help="any id of theirs; `-`: standard input")
    clear = kinds.add_parser("clear", parents=[home], help="remove all events of a product")
    clear.add_argument("product", metavar="PRODUCT")
    clear.add_argument("--yes", action="store_true", help="without it, nothing is removed")
    for verb in (forget, clear):
        verb.add_argument("--reason", metavar="TEXT", default="", help="permanent; no names")
        _add_json(verb)


def _add_files(kinds: Any, home: argparse.ArgumentParser, whole_number: WholeNumber) -> None:
    carried = kinds.add_parser("import", parents=[home], help="events from a file")
    carried.add_argument("file", metavar="FILE", help=".jsonl, .csv or .parquet; .gz may follow")
    carried.add_argument("--product", metavar="PRODUCT", default="", help="(default: the only one)")
    carried.add_argument(
        "--map",
        metavar="FIELD=COLUMN",
        action="append",
        help="such as name=event; COLUMN may be a.b, or =text for the same text in each row "
        "(default: by their names)",
    )
    carried.add_argument(
        "--person", metavar="PROPERTY=COLUMN", action="append", help="what is known of the person"
    )
    carried.add_argument("--only-mapped", action="store_true", help="leave other columns out")
    carried.add_argument(
        "--zone", metavar="ZONE", help="of times without an offset (default: the product's)"
    )
    carried.add_argument("--source", metavar="SOURCE", default="", help="one of the product's")
    carried.add_argument("--dry-run", action="store_true", help="store nothing, say what would be")
    written = kinds.add_parser("export", parents=[home], help="all events of a product")
    written.add_argument("product", metavar="PRODUCT")
    written.add_argument("--output", metavar="FILE", default="-", help="(default: print them)")
    written.add_argument("--format", choices=("jsonl", "csv", "parquet"))
    seed = kinds.add_parser("seed", parents=[home], help="a product made up to look at")
    seed.add_argument("--product", metavar="PRODUCT", default="sample", help="(default: sample)")
    seed.add_argument("--reset", action="store_true", help="remove all events of it before")
    seed.add_argument("--clean", action="store_true", help="with nothing wrong in it")
    for option, usual in (("--seed", 42), ("--days", 90), ("--users", 55_000)):
        seed.add_argument(
            option, metavar="N", type=whole_number, default=usual, help="(default: %(default)s)"
        )
    for verb in (carried, seed):
        _add_json(verb)


def _add_forms(verb: argparse.ArgumentParser) -> None:
    forms = verb.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON")
    forms.add_argument("--csv", action="store_true", help="print a table as CSV")


def _add_output(verb: argparse.ArgumentParser) -> None:
    _add_forms(verb)
    verb.add_argument(
        "--people",
        metavar="CELL",
        default="",
        help="list who is behind a count: step=2,state=lost (steps from 1, as they are shown) or "
        "series=dau,bucket=2026-11-01",
    )


def _add_json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="print JSON")
