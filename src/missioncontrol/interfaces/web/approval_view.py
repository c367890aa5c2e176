"""One approval as pages show it: exactly what would run, and who else could decide."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request

from missioncontrol.application.access import second_look_of
from missioncontrol.application.queries import approvals as queries
from missioncontrol.application.queries.approvals import ApprovalView
from missioncontrol.domain.approval.commands import SecondLook, Who
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web.approval_forms import command_of, editable

AnyRequest = Request[Principal, Any, Any]


def of_run(run: str) -> dict[str, str]:
    """Return the run whose approvals alone are shown, and what addresses say of it."""
    return {"run": run, "of": f"?{urlencode({'run': run})}" if run else ""}


async def detail(request: AnyRequest, console: Console, approval: str, run: str) -> dict[str, Any]:
    """Return an approval with all that is shown of it."""
    look = await _second_look(console, request.user)
    found = await queries.approval_view(
        console.present, approval, console.instruments.now, actor=request.user.actor, look=look
    )
    newer = await _newer(console, found)
    return {
        "approval": found,
        "exactly": queries.shown(found.subject),
        "command": command_of(found.subject),
        "inputs": editable(found.subject.get("inputs", {})),
        "newer": newer,
        "is_second_look": look.is_alone and person(request.user.actor) in _writers(found),
        "changed": queries.changes_between(found.subject, newer.subject) if newer else [],
        "refusal": None,
        "typed": "",
        "review": _review(console, found) if found.diffs else "",
        "deciders": await _deciders(console, found, request.user),
        **of_run(run),
    }


async def _second_look(console: Console, who: Principal) -> SecondLook:
    """Return whether who looks is alone here, and may approve what they wrote."""
    access = await console.people.access()
    return second_look_of(access, Who(who.actor), console.people.owner)


def _review(console: Console, found: ApprovalView) -> str:
    """Return the address where the change behind an approval is reviewed line by line."""
    top = found.step.partition("/")[0].partition("#")[0]
    rows = console.present.work.rows.values() if console.present.work_items else ()
    key = next((row.key for row in rows if row.run == found.run and row.step == top), found.run)
    return f"/reviews/{key}"


def _writers(found: ApprovalView) -> set[str]:
    """Return those who wrote what is to run, as far as names say it."""
    return {person(each) for each in (found.author, found.on_behalf, *found.edited_by)}


async def _deciders(console: Console, found: ApprovalView, who: Principal) -> list[str]:
    """Return who else here could decide in place of the user."""
    if not found.is_open or not who.may("approve"):
        return []
    people = console.people
    access = await people.access()
    names = {people.owner, *(user.name for user in access.users.values())}
    barred = {person(each) for each in (who.actor, found.author, found.on_behalf)}
    return sorted(
        name
        for name in names
        if person(name) not in barred and "approve" in access.permissions_of(name, people.owner)
    )


async def _newer(console: Console, found: ApprovalView) -> ApprovalView | None:
    """Return the question that took the place of one which is closed, where there is one."""
    if found.is_open:
        return None
    now = console.instruments.now
    same = (
        row
        for row in queries.queue(console.present, now, run=found.run)
        if row.step == found.step and row.id > found.approval
    )
    row = next(same, None)
    return None if row is None else await queries.approval_view(console.present, row.id, now)
