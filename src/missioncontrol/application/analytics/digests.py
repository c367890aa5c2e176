"""Digests of products: the workflow that writes them, and the digests that the log holds."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import msgspec

from missioncontrol.analytics.calendar import DAYS_MAX
from missioncontrol.analytics.facts import digest_of
from missioncontrol.analytics.model_text import fault_of, in_model_words
from missioncontrol.analytics.questions import DAYS_USUAL
from missioncontrol.analytics.summary import Summary
from missioncontrol.application.analytics.alerts import WATCHER
from missioncontrol.application.analytics.products import DIGESTS, digests_of
from missioncontrol.application.authority import NotPermitted
from missioncontrol.application.journal import Journal
from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.digest import NO_DIGESTS, Digests, DigestWritten, TakeDigest
from missioncontrol.domain.step import Spending

VERSION: str = import_module("missioncontrol").__version__

REPORTER = "reporter"
"""The agent that writes digests."""

PREFIX = "digest-"
"""Prefix of workflows and schedules of digests; the product follows."""

WRITING = Spending(input_tokens=16_000, output_tokens=4_096, by_call=True)
"""The most that a model may use: one call, with facts of at most 6,000 bytes."""

ARTIFACTS = ("digest.md", "digest.json")

Known = Callable[[str], Awaitable[None]]
"""Refuses a product that does not exist."""


def _text(description: str = "") -> Shape:
    return Shape("string", description=description)


def _text_or_none(description: str) -> Shape:
    return Shape("string", required=False, description=description)


CARD = AgentCard(
    REPORTER,
    VERSION,
    capabilities=("report",),
    description="Writes the summary of a product: by rule, and where a model is configured in "
    "its words, as far as they hold against the same facts.",
    inputs=Shape(
        "object",
        {
            "product": _text("Its id."),
            "days": Shape(
                "integer", required=False, description=f"1 to {DAYS_MAX:,}, up to and with today."
            ),
            "since": _text_or_none("The first day in place of `days`, as 2026-11-01."),
            "until": _text_or_none("The last day; today by default."),
            "segment": _text_or_none("Whose events count, as JSON; all events by default."),
        },
        open=False,
    ),
    output=Shape(
        "object",
        {
            "product": _text(),
            "since": _text("The first day."),
            "until": _text("The last day."),
            "headline": _text("The first sentence."),
            "facts": _text("Digest of the facts that it states."),
            "written_by": _text("The model; '' where rules wrote it."),
            "reason": _text("Why the text of the model was not used."),
        },
        open=True,
    ),
    artifacts=ARTIFACTS,
    effects=("reads_files", "calls_model"),
    spending=WRITING,
)


class DigestTaken(msgspec.Struct, frozen=True):
    """A request to store the digest that a run wrote."""

    digest: DigestWritten

    @property
    def product(self) -> str:
        """The product of the digest."""
        return self.digest.product


class DigestService:
    """Records digests in the log."""

    def __init__(self, journal: Journal, known: Known) -> None:
        """`known` refuses products that do not exist."""
        self._journal = journal
        self._known = known

    async def take(self, request: DigestTaken, *, actor: str) -> dict[str, Any]:
        """Record a digest, so that subscribers of the log, such as webhooks, receive it.

        Raises:
            NotFound: `product.unknown`.
            Rejected: `digest.too_long`.
            NotPermitted: `permission.undeclared`: the caller is a user, not the system.
        """
        if actor != WATCHER:
            raise NotPermitted(
                "permission.undeclared", "Only the system may hand in the digest of a run."
            )
        await self._known(request.product)
        stream = digests_of(request.product)
        await self._journal.find(DIGESTS, stream)
        self._journal.tell(DIGESTS, stream, TakeDigest(request.digest), actor=actor)
        return {"product": request.product, "facts": request.digest.facts}


def as_written(summary: Summary, digests: Digests | None) -> Summary:
    """Return a summary in a model's words, where a valid digest of the same facts exists.

    Otherwise the summary stays as it is, with the reason where a model's text was refused.
    """
    facts = digest_of(summary)
    known = digests or NO_DIGESTS
    found = known.of(facts)
    if found is not None and found.written is not None and not fault_of(found.written, summary):
        return in_model_words(found.written, found.written_by, summary)
    tried = known.tried(facts)
    reason = tried.reason if tried is not None else ""
    return msgspec.structs.replace(summary, not_written=reason)


def name_of(product: str) -> str:
    """Return the name of the workflow and the schedule of a product's digest."""
    return f"{PREFIX}{product}"


WORKFLOW = """\
name: {name}
description: Writes the summary of {product} down; webhooks hear of it as digest_written.
inputs:
  days: {{type: integer, default: {days}, description: Up to and with the day of the run}}
  since: {{type: string, default: "", description: "The first day, in place of days"}}
  until: {{type: string, default: "", description: The last day}}
  segment: {{type: string, default: "", description: "Whose events count, as JSON"}}
outputs:
  headline: "${{{{ steps.write.output.headline }}}}"
  written_by: "${{{{ steps.write.output.written_by }}}}"
steps:
  write:
    agent: {agent}
    with:
      product: {product}
      days: "${{{{ inputs.days }}}}"
      since: "${{{{ inputs.since }}}}"
      until: "${{{{ inputs.until }}}}"
      segment: "${{{{ inputs.segment }}}}"
    timeout: 5m
"""


def workflow_of(product: str, days: int = DAYS_USUAL) -> str:
    """Return the text of the workflow that writes the digest of a product."""
    name = name_of(product)
    return WORKFLOW.format(name=name, product=product, days=days, agent=REPORTER)
