"""Actions of the command palette for declared operations, so that none is missing there."""

from functools import cache
from typing import Any

from missioncontrol import operations
from missioncontrol.application.queries.actions import ACTIONS, Action, Argument
from missioncontrol.declarations import Operation
from missioncontrol.surfaces.fields import Field, fields_of

FORMS = {
    "agent.run": "/agents/run",
    "board.limit": "/board",
    "decision": "/decisions",
    "decision.import": "/decisions/import",
    "inbox": "/inbox",
    "memory": "/memory",
    "notification": "/settings/notifications",
    "product": "/cockpit/products",
    "product.remove_dashboard": "/cockpit/dashboards",
    "product.save_cohort": "/cockpit/trends",
    "product.save_dashboard": "/cockpit/trends",
    "retention": "/settings/retention",
    "schedule": "/schedules",
    "share": "/missions",
    "token": "/settings/tokens",
    "user": "/settings/users",
    "user.second_look": "/settings/sessions",
    "user.set_password": "/settings/sessions",
    "webhook": "/settings/webhooks",
    "work_item": "/board?view=list",
}
"""The page with the form of an operation, by its name or its noun; others are asked here."""

ICONS = {
    "agent": "agents",
    "board": "board",
    "decision": "branch",
    "inbox": "inbox",
    "memory": "memory",
    "product": "cockpit",
    "retention": "log",
    "schedule": "schedules",
    "share": "link",
    "token": "lock",
    "user": "user",
    "webhook": "link",
    "work_item": "board",
}
INTERNAL = frozenset(
    {
        "agent_session.report",
        "product.begin_forgetting",
        "product.clear_events",
        "product.confirm_forgotten",
        "product.finish_removal",
        "user.arrive",
        "workspace.archive",
        "workspace.create",
        "workspace.restore",
    }
)
"""Operations that programs request (the watcher of sessions, the page of an invitation, each step
of a removal), and those of the page of all workspaces, which only the owner of a root has."""

SIMPLE = (str, int, float)


@cache
def declared_actions() -> tuple[Action, ...]:
    """Return an action for each operation that a person may want, in the order of nouns.

    An operation without needed arguments acts at once, after a question where it takes something
    away. Others open the page with their form, or ask for each argument. What stands in the palette
    with a form of its own is left out.
    """
    left_out = INTERNAL.union(*(each.covers for each in ACTIONS))
    return tuple(_action(each) for each in operations.every() if each.name not in left_out)


def _action(of: Operation[Any, Any]) -> Action:
    noun = of.noun.replace("_", " ")
    needed = [each for each in fields_of(of.given) if each.is_required]
    values: dict[str, Any] = {
        "id": of.name,
        "title": _title(of.title, noun),
        "group": f"{noun[:1].upper()}{noun[1:]}",
        "icon": ICONS.get(of.noun, "bolt"),
        "words": f"{of.noun} {of.verb}".replace("_", " "),
        "needs": of.permission,
        "covers": (of.name,),
    }
    is_asked = of.named is not None or needed or of.at_least_one is not None
    form = FORMS.get(of.name) or FORMS.get(of.noun)
    if is_asked and form:
        return Action(**values, href=form)
    if any(each.item not in SIMPLE or each.is_list for each in needed) or of.at_least_one:
        return Action(**values, href=f"/api/operations/{of.operation_id or of.routine}")
    ids = [Argument(each.placeholder, each.help) for each in of.chain]
    arguments = (*ids, *(_argument(each) for each in needed))
    sure = f"{of.title}?" if of.risk == "end" else ""
    return Action(**values, post=of.route, method=of.method, arguments=arguments, sure=sure)


def _title(title: str, noun: str) -> str:
    """Return a title that says what it is about: `Accept` alone says too little in one list."""
    if any(word in title.lower() for word in noun.split()) or len(title.split()) > 3:
        return title
    return f"{title} {noun}" if " " not in title else f"{noun.capitalize()}: {title.lower()}"


def _argument(field: Field) -> Argument:
    label = field.help or field.name.replace("_", " ")
    return Argument(
        field.name,
        f"{label[:1].upper()}{label[1:]}",
        is_number=field.item in (int, float),
    )
