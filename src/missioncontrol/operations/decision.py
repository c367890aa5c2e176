"""Operations on decisions."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Literal

from missioncontrol.application.decision_files import Import
from missioncontrol.application.decisions import Change, DecisionNow, ImportDecisions
from missioncontrol.declarations import AtLeastOne, Body, Operation, Switch, Terminal
from missioncontrol.domain.decision import ChangeStatus, LinkDecision, RecordDecision, Supersede
from missioncontrol.domain.decision_text import DecisionOption
from missioncontrol.queries.decision import DECISION, GET

if TYPE_CHECKING:
    from missioncontrol.application.office import Office


def _change(office: "Office", command: Change, actor: str) -> Awaitable[DecisionNow]:
    return office.decisions.change(command, actor=actor)


def option_of(text: str) -> DecisionOption:
    """Return the option that `TITLE=TRADE-OFF` means; the trade-off may be left out."""
    title, _, tradeoff = text.partition("=")
    return DecisionOption(title, bad=(tradeoff,) if tradeoff.strip() else ())


def with_choice_as_option(given: dict[str, Any]) -> dict[str, Any]:
    """Return what a command line says, where what is chosen is one of the options."""
    text = given.get("text", {})
    options, choice = list(text.get("options", ())), text.get("choice", "")
    if choice and choice not in [each.title for each in options]:
        options.insert(0, DecisionOption(choice))
    return {**given, "text": {**text, "options": options}}


RECORD = Operation(
    name="decision.record",
    title="Record a decision",
    text="Put a decision into the log; what it supersedes is superseded at once.",
    command=RecordDecision,
    returns=DecisionNow,
    permission="operate",
    handle=_change,
    callers=("text", "status", "supersedes", "tasks", "files"),  # The rest is of plans and imports.
    narrow={"status": Literal["proposed", "accepted"]},
    creates=DECISION,
    body=Body("NewDecision", "A decision to be recorded."),
    former="DecisionAsked",
    tool=True,
    terminal=Terminal(
        positional=("title",),
        flatten="text",
        names={
            "drivers": "driver",
            "options": "option",
            "decision_makers": "by",
            "tasks": "task",
            "files": "file",
        },
        metavars={
            "options": "TITLE[=TRADE-OFF]",
            "decision_makers": "PERSON",
            "consulted": "PERSON",
            "informed": "PERSON",
            "supersedes": "ID",
            "tasks": "MISSION/KEY",
            "files": "PATH",
        },
        parse={"options": option_of},
        switches={"accepted": Switch("status", "accepted", "it holds already")},
        build=with_choice_as_option,
    ),
)


def _judgement(verb: str, status: str, text: str) -> Operation[ChangeStatus, DecisionNow]:
    return Operation(
        name=f"decision.{verb}",
        title=verb.title(),
        text=text,
        command=ChangeStatus,
        fixed={"status": status},
        returns=DecisionNow,
        permission="operate",
        handle=_change,
        target=DECISION,
        body=Body("Judged", "Why a decision is accepted, rejected or deprecated."),
        unless_changed=GET,
        former="DecisionAsked",
    )


ACCEPT = _judgement("accept", "accepted", "Accept a proposed decision.")
REJECT = _judgement("reject", "rejected", "Reject a proposed decision.")
DEPRECATE = _judgement(
    "deprecate", "deprecated", "Deprecate an accepted decision, without another in its place."
)

SUPERSEDE = Operation(
    name="decision.supersede",
    title="Supersede",
    text="Put another decision in its place. A cycle is refused.",
    command=Supersede,
    callers=("by", "reason"),  # The date is of imports.
    returns=DecisionNow,
    permission="operate",
    handle=_change,
    target=DECISION,
    body=Body("Replaced", "What takes a decision's place."),
    unless_changed=GET,
    former="DecisionAsked",
    terminal=Terminal(metavars={"by": "ID"}),
)

LINK = Operation(
    name="decision.link",
    title="Link",
    text="Say which tasks and files a decision has to do with, or take that back.",
    command=LinkDecision,
    returns=DecisionNow,
    permission="operate",
    handle=_change,
    target=DECISION,
    path="links",
    body=Body("Linked", "What a decision has to do with."),
    at_least_one=AtLeastOne(("tasks", "files"), "There is nothing to link it to."),
    unless_changed=GET,
    former="DecisionAsked",
    terminal=Terminal(
        names={"tasks": "task", "files": "file"},
        metavars={"tasks": "MISSION/KEY", "files": "PATH"},
        done="{id} is linked.",
    ),
)

IMPORT = Operation(
    name="decision.import",
    title="Import decisions",
    text="Take files of decisions into the log: MADR 2 to 4, or in Nygard's form.",
    command=ImportDecisions,
    returns=Import,
    permission="operate",
    handle=lambda office, command, actor: office.decisions.take_files(command, actor=actor),
    former="DecisionsImported",
    surfaces=frozenset(),  # Each surface first says what would change, and is written by hand.
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    RECORD,
    ACCEPT,
    REJECT,
    DEPRECATE,
    SUPERSEDE,
    LINK,
    IMPORT,
)
