"""`mission analytics digest`: the summary written down, now or by the clock."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.openai_compatible import endpoint_from
from missioncontrol.analytics.calendar import DAYS_MAX
from missioncontrol.analytics.questions import DAYS_USUAL, EVERYBODY, Range, Segment
from missioncontrol.analytics.summary import Summary
from missioncontrol.application.analytics.digests import name_of, workflow_of
from missioncontrol.application.journal import fold
from missioncontrol.application.webhooks import STREAM as WEBHOOK_STREAM
from missioncontrol.application.webhooks import WEBHOOKS
from missioncontrol.cli import exit_codes
from missioncontrol.cli.analytics_places import meant
from missioncontrol.cli.declarations import executed, rows_of
from missioncontrol.cli.desk import Change, Desk
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.work import watched
from missioncontrol.domain.digest import EVENTS, DigestWritten
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.product.states import Product
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.domain.visible import visible
from missioncontrol.domain.webhook import NO_WEBHOOKS, Webhook
from missioncontrol.operations.run import START
from missioncontrol.operations.schedule import ADD, CHANGE, REMOVE
from missioncontrol.queries.schedule import LIST, plain
from missioncontrol.queries.schedule_format import next_lines

DIGEST_EVENT = EVENTS[DigestWritten][0]
NEXT = 3
PASSING = ("model.", "budget.")
"""How the reasons begin for which a model did not answer."""


def digest(arguments: argparse.Namespace, desk: Desk) -> int:
    """Write the summary of a product down now, or schedule it from now on."""
    product = meant(arguments, desk)
    days = DAYS_USUAL if arguments.days is None else arguments.days
    if not 1 <= days <= DAYS_MAX:
        raise Rejected(
            "analytics.bad_option", f"--days does not fit: {days} is not 1 to {DAYS_MAX:,}."
        )
    if arguments.off:
        executed(desk, REMOVE, name_of(product.slug), {})
        print_text(f"{name_of(product.slug)} is written by the clock no more.\n")
        return exit_codes.SUCCEEDED
    hook = _hook(desk, arguments.to) if arguments.to else None
    if arguments.at:
        return _by_the_clock(arguments, desk, product, days, hook)
    state = written(arguments, desk, product.slug, {"days": str(days)})
    found = _output(state)
    if arguments.json:
        print_json(found)
    else:
        print_text(visible(str(found.get("text", ""))))
    return exit_codes.SUCCEEDED if found else exit_codes.FAILED


def in_words(
    arguments: argparse.Namespace,
    desk: Desk,
    summary: Summary,
    range_: Range,
    segment: Segment = EVERYBODY,
) -> bool:
    """Have the configured model write about these facts; return whether it has tried.

    It is asked once of the same facts: what it wrote of them, or why that is not used, is known.
    """
    # The reason why a model did not answer may be over; what it wrote stays what it is.
    is_tried = bool(summary.not_written) and not summary.not_written.startswith(PASSING)
    is_needed = bool(summary.verdict.figures) and not (summary.written_by or is_tried)
    if not is_needed or not isinstance(desk.home, Home) or endpoint_from(desk.environment) is None:
        return False
    query = {"since": range_.since.isoformat(), "until": range_.until.isoformat()}
    if segment != EVERYBODY:
        query["segment"] = msgspec.json.encode(segment).decode()
    return bool(_output(written(arguments, desk, summary.product, query)))


def written(
    arguments: argparse.Namespace, desk: Desk, product: str, inputs: Mapping[str, Any]
) -> Run | None:
    """Carry a run out that writes the digest of a product, and return it as it ended."""
    name = name_of(product)
    desk.save(workflow_of(product), f"{name}.yaml")
    given = {"workflow": name, "inputs": dict(inputs)}
    _, state = watched(arguments, Change(START, given=given), name, quiet=True)
    return state


def _output(state: Run | None) -> dict[str, Any]:
    """Return what the step that writes handed back; where it did not, say why."""
    ended = state.states.get("write") if state is not None else None
    if isinstance(ended, Succeeded) and isinstance(ended.work.output, dict):
        return ended.work.output
    run = state.id if state is not None else "The run"
    note(f"{run} wrote no digest; `mission show {run}` says why.\n")
    return {}


def _by_the_clock(
    arguments: argparse.Namespace, desk: Desk, product: Product, days: int, hook: Webhook | None
) -> int:
    name = name_of(product.slug)
    desk.save(workflow_of(product.slug), f"{name}.yaml")
    given = {
        "workflow": name,
        "cron": arguments.at,
        "zone": arguments.timezone or product.zone,
        "inputs": {"days": str(days)},
    }
    if any(each.id == name for each in rows_of(desk, LIST, {})):
        found = executed(desk, CHANGE, name, given).schedule
    else:
        found = executed(desk, ADD, "", {"name": name, **given}).schedule
    if arguments.json:
        shown = plain(found)
        print_json({**shown, "next": shown["next"][:NEXT]})
        return exit_codes.SUCCEEDED
    heading = f"{name}: {found.words}, {found.zone}."
    print_text("".join(f"{visible(line)}\n" for line in (heading, *next_lines(found, NEXT))))
    print_text("".join(f"{visible(line)}\n" for line in _webhook_lines(desk, hook)))
    note(f"It is written while `mission up` runs. `mission schedule show {name}` tells of it.\n")
    return exit_codes.SUCCEEDED


def _webhook_lines(desk: Desk, hook: Webhook | None) -> Iterator[str]:
    """Yield a line on which webhooks hear of what is written."""
    names = (
        [hook.name] if hook else [each.name for each in _hooks(desk) if each.wants(DIGEST_EVENT)]
    )
    if names:
        yield f"Webhooks that receive it as {DIGEST_EVENT}: {', '.join(names)}."
    else:
        yield f"No webhook receives it; one of the type {DIGEST_EVENT} would."


def _hooks(desk: Desk) -> list[Webhook]:
    found = asyncio.run(fold(desk.store, WEBHOOKS, WEBHOOK_STREAM))[0] or NO_WEBHOOKS
    return list(found.hooks.values())


def _hook(desk: Desk, name: str) -> Webhook:
    """Return the webhook to send to.

    Raises:
        NotFound: `webhook.unknown`.
        Rejected: `webhook.deaf`: it is paused, or does not receive events of this type.
    """
    hooks = _hooks(desk)
    found = next((each for each in hooks if each.name == name), None)
    if found is None:
        raise _no_hook(name, [each.name for each in hooks if each.wants(DIGEST_EVENT)])
    if found.is_paused or not found.wants(DIGEST_EVENT):
        why = "is paused" if found.is_paused else f"receives only {', '.join(found.types)}"
        raise Rejected(
            "webhook.deaf",
            f"Webhook {name!r} {why}.",
            hint=f"Add one for {DIGEST_EVENT} on the page of webhooks, or resume it.",
        )
    return found


def _no_hook(name: str, names: list[str]) -> NotFound:
    """Say that there is no such webhook, which there are, and how there would be one."""
    known = f"Webhooks that receive {DIGEST_EVENT}: {', '.join(names)}. " if names else ""
    return NotFound(
        "webhook.unknown",
        f"There is no webhook {name[:80]!r} here, and --to adds none.",
        hint=f"{known}Add one for {DIGEST_EVENT} on the console's page of webhooks, or by POST"
        " /api/v1/webhooks.",
    )
