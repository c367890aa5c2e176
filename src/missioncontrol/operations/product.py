"""Operations on products: settings, sources, removals, cohorts and dashboards."""

from collections.abc import Awaitable, Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment, Step
from missioncontrol.application.analytics.product_service import (
    ProductNow,
    RemovalNow,
    SavedNow,
    SourceMade,
    SourceNow,
)
from missioncontrol.declarations import BY_PEOPLE, SERVED, Body, Operation, Terminal
from missioncontrol.domain.cohorts import (
    RemoveCohort,
    RemoveDashboard,
    SaveCohort,
    SaveDashboard,
    SavedCommand,
)
from missioncontrol.domain.product.commands import (
    STEPS_MAX,
    AddProduct,
    AddSource,
    BeginForgetting,
    ChangeExclusions,
    ChangeKeyMeasures,
    ChangeLimits,
    ChangeProduct,
    ChangeSource,
    ClearEvents,
    ConfirmForgotten,
    FinishRemoval,
    RemovalCommand,
    RenewSourceKey,
    RevokeSource,
    SettingCommand,
)
from missioncontrol.queries.product import (
    COHORT,
    DASHBOARD,
    GET,
    GET_COHORT,
    GET_DASHBOARD,
    GET_SOURCE,
    PRODUCT,
    SOURCE,
    product_lines,
)

if TYPE_CHECKING:
    from missioncontrol.application.office import Office

AnyOperation = Operation[Any, Any]


def _change(
    office: "Office", command: AddProduct | SettingCommand, actor: str
) -> Awaitable[ProductNow]:
    return office.products.change(command, actor=actor)


def _new_key(
    office: "Office", command: AddSource | RenewSourceKey, actor: str
) -> Awaitable[SourceMade]:
    return office.products.new_key(command, actor=actor)


def _source(
    office: "Office", command: ChangeSource | RevokeSource, actor: str
) -> Awaitable[SourceNow]:
    return office.products.source(command, actor=actor)


def _removal(office: "Office", command: RemovalCommand, actor: str) -> Awaitable[RemovalNow]:
    return office.products.removal(command, actor=actor)


def _save(office: "Office", command: SavedCommand, actor: str) -> Awaitable[SavedNow]:
    return office.products.save(command, actor=actor)


SETTING: dict[str, Any] = {
    "permission": "govern",
    "surfaces": SERVED,  # `mission analytics settings` asks for all four.
    "returns": ProductNow,
    "handle": _change,
    "target": PRODUCT,
    "method": "PUT",
    "shows": GET,
    "unless_changed": GET,
    "former": "ProductAsked",
}

ADD = Operation(
    name="product.add",
    title="Add a product",
    text="Measure the use of a product from now on.",
    permission="govern",
    surfaces=BY_PEOPLE,
    command=AddProduct,
    returns=ProductNow,
    handle=_change,
    creates=PRODUCT,
    shows=GET,
    body=Body("NewProduct", "A product whose use is to be measured."),
    former="ProductAsked",
    terminal=Terminal(
        verb="add-product",
        positional=("slug",),
        metavars={"slug": "ID", "name": "NAME", "zone": "ZONE"},
        done=lambda found: "\n".join(product_lines(found)),
    ),
)

CHANGE = Operation(
    **{**SETTING, "method": "PATCH"},
    name="product.change",
    title="Change a product",
    text="Change the name, the calendar or the retention of a product.",
    command=ChangeProduct,
    body=Body("ProductChange", "What is to change about a product; the rest stays as it is."),
)

EXCLUDE = Operation(
    **SETTING,
    name="product.exclude",
    operation_id="change_exclusions",
    title="Say what does not count",
    text="Leave bots and test people out of every measure alike, whenever they were there.",
    command=ChangeExclusions,
    path="exclusions",
    body=Body("ExclusionsChange", "What is to count in no measure; the rest stays as it is."),
)

LIMIT = Operation(
    **SETTING,
    name="product.limit",
    operation_id="change_limits",
    title="Set the intake limits",
    text="Limit the events a second of each source, and how much of the product is stored.",
    command=ChangeLimits,
    path="limits",
    body=Body(
        "LimitsChange",
        "How much a product accepts; omitted fields stay as they are. A bound always holds.",
    ),
)

MEASURE = Operation(
    **SETTING,
    name="product.measure",
    operation_id="change_key_measures",
    title="Say what a product is for",
    text="Say what the activation funnel is, what the product is for, and who is active.\n\n"
    "What is empty is as the definition `kpis` says.",
    command=ChangeKeyMeasures,
    narrow={"activation": Annotated[tuple[Step, ...], msgspec.Meta(max_length=STEPS_MAX)] | None},
    path="key-measures",
    body=Body(
        "KeyMeasuresChange", "The key measures of the product; omitted fields stay as they are."
    ),
)

# Sources.

OF_SOURCE: dict[str, Any] = {
    "permission": "govern",
    "target": SOURCE,
    "former": "SourceAsked",
}
KEY: dict[str, Any] = {
    "surfaces": BY_PEOPLE,
    "returns": SourceMade,
    "handle": _new_key,
    "fixed": {"digest": ""},
    "shown_once": ("key",),
    "terminal": Terminal(
        positional=("id",),
        names={"id": "source", "is_internal": "internal"},
        metavars={"id": "SOURCE", "name": "NAME"},
        done="This is the write key of Segment's libraries, and the API key of PostHog's. "
        "It is not shown again.",
    ),
}

ADD_SOURCE = Operation(
    **KEY,
    name="product.add_source",
    operation_id="add_source",
    title="Add a source",
    text="Add a source of a product's events; its write key is shown this once.",
    permission="govern",
    command=AddSource,
    creates=SOURCE,
    body=Body("NewSource", "Where events are to come from."),
    former="SourceAsked",
)

RENEW_KEY = Operation(
    **KEY,
    **OF_SOURCE,
    name="product.renew_key",
    operation_id="renew_key",
    title="Make a write key",
    text="Give the source a new key, which is shown this once; the key before it is void.",
    command=RenewSourceKey,
    path="key",
)

CHANGE_SOURCE = Operation(
    **OF_SOURCE,
    name="product.change_source",
    operation_id="change_source",
    title="Change a source",
    text="Rename a source; include or exclude its events, also those already received.",
    surfaces=SERVED,  # The command shows the product with it.
    command=ChangeSource,
    returns=SourceNow,
    handle=_source,
    method="PATCH",
    shows=GET_SOURCE,
    body=Body("SourceChange", "What is to change about a source; the rest stays as it is."),
)

REVOKE_SOURCE = Operation(
    **OF_SOURCE,
    name="product.revoke_source",
    operation_id="revoke_source",
    title="Revoke a source",
    text="Revoke a source: it can send nothing more; its earlier events count as before.",
    surfaces=SERVED,  # The command shows the product with it.
    command=RevokeSource,
    returns=SourceNow,
    handle=_source,
    risk="end",
    method="DELETE",
    in_address=True,
    shows=GET_SOURCE,
)

# Removals: the console and the command line remove, and have the engine record it.

RECORDED: dict[str, Any] = {
    "permission": "govern",
    "surfaces": frozenset(),
    "returns": RemovalNow,
    "handle": _removal,
    "target": PRODUCT,
    "former": "RemovalAsked",
}

BEGIN_FORGETTING = Operation(
    **RECORDED,
    name="product.begin_forgetting",
    title="Begin to remove a person",
    text="Record that the removal of a person begins, without naming them.",
    command=BeginForgetting,
    risk="end",
)

CONFIRM_FORGOTTEN = Operation(
    **RECORDED,
    name="product.confirm_forgotten",
    title="Confirm a removal",
    text="Record that the removal of a person is done.",
    command=ConfirmForgotten,
)

CLEAR_EVENTS = Operation(
    **RECORDED,
    name="product.clear_events",
    title="Remove all events of a product",
    text="Record that all events of a product are about to be removed.",
    command=ClearEvents,
    risk="end",
)

FINISH_REMOVAL = Operation(
    name="product.finish_removal",
    title="Finish a removal",
    text="Record that the removal which an earlier process could not finish is done.",
    permission="sign_in",  # The service accepts it from the console alone.
    surfaces=frozenset(),
    command=FinishRemoval,
    returns=RemovalNow,
    handle=lambda office, command, actor: office.products.finish(command, actor=actor),
    target=PRODUCT,
    former="RemovalFinished",
)

REMOVALS: Mapping[type, AnyOperation] = {
    each.command: each for each in (BEGIN_FORGETTING, CONFIRM_FORGOTTEN, CLEAR_EVENTS)
}


async def record(run: Callable[..., Awaitable[Any]], command: RemovalCommand) -> None:
    """Have `run` execute the operation that records a step of a removal.

    It takes the operation, the product, and the other fields of the command by name.
    """
    fields = msgspec.structs.asdict(command)
    await run(REMOVALS[type(command)], fields.pop("product"), **fields)


# What people save of a product.

SAVED: dict[str, Any] = {"permission": "operate", "handle": _save, "former": "SavedAsked"}

SAVE_COHORT = Operation(
    **SAVED,
    name="product.save_cohort",
    operation_id="save_cohort",
    title="Save a cohort",
    text="Keep people together under a name, so that segments can ask for them.",
    surfaces=SERVED | {"mcp"},  # The command has options for conditions.
    command=SaveCohort,
    narrow={
        "segment": Segment | None,
        "question": AnyQuestion | None,
        "cell": Cell | None,
    },
    returns=SavedNow,
    target=COHORT,
    method="PUT",
    shows=GET_COHORT,
    body=Body(
        "CohortChange",
        "A cohort: everyone in a segment at any time, or the people behind a count.",
    ),
)

REMOVE_COHORT = Operation(
    **SAVED,
    name="product.remove_cohort",
    operation_id="remove_cohort",
    title="Remove a cohort",
    text="Delete a cohort; questions that name it are refused from then on.",
    command=RemoveCohort,
    returns=NoneType,
    target=COHORT,
    method="DELETE",
    risk="end",
    terminal=Terminal(done="Cohort {id} is not offered any more."),
)

SAVE_DASHBOARD = Operation(
    **SAVED,
    name="product.save_dashboard",
    operation_id="save_dashboard",
    title="Save a dashboard",
    text="Create or replace a dashboard.",
    surfaces=SERVED | {"mcp"},
    command=SaveDashboard,
    returns=SavedNow,
    target=DASHBOARD,
    method="PUT",
    shows=GET_DASHBOARD,
    body=Body("DashboardChange", "What a dashboard shows."),
)

REMOVE_DASHBOARD = Operation(
    **SAVED,
    name="product.remove_dashboard",
    operation_id="remove_dashboard",
    title="Remove a dashboard",
    text="Delete a dashboard.",
    surfaces=SERVED | {"mcp"},
    command=RemoveDashboard,
    returns=NoneType,
    target=DASHBOARD,
    method="DELETE",
    risk="end",
)

OPERATIONS: tuple[AnyOperation, ...] = (
    ADD,
    CHANGE,
    EXCLUDE,
    LIMIT,
    MEASURE,
    ADD_SOURCE,
    RENEW_KEY,
    CHANGE_SOURCE,
    REVOKE_SOURCE,
    BEGIN_FORGETTING,
    CONFIRM_FORGOTTEN,
    CLEAR_EVENTS,
    FINISH_REMOVAL,
    SAVE_COHORT,
    REMOVE_COHORT,
    SAVE_DASHBOARD,
    REMOVE_DASHBOARD,
)
