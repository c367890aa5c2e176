"""How the workspaces stand in which a person is signed in; for the owner of a root, all of them."""

from typing import Any

import msgspec

from missioncontrol.application.inbox.reader import count_of
from missioncontrol.application.queries.shell import SHOWN_MAX, shell_of
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.person import person
from missioncontrol.domain.status import OPEN
from missioncontrol.interfaces.base_path import PREFIX
from missioncontrol.interfaces.sign_in.masking import masked
from missioncontrol.interfaces.workspaces import SignedIn, WorkspaceRouter
from missioncontrol.queries.workspace import ListedWorkspace, workspaces

SHOWN_NAMES = 2
STARTING = "Its engine is starting"
STAGES = {
    "stopped": "Everything is stopped",
    "paused": "Paused: no steps start",
    "drain": "Draining: only started work continues",
}


class Row(msgspec.Struct, frozen=True):
    """One workspace as a person may see it; counts are at most `SHOWN_MAX`."""

    name: str
    href: str
    user: str
    csrf: str  # of the session
    title: str = ""  # what its people call it
    can_stop: bool = False
    can_rename: bool = False
    is_owner: bool = False  # of the root
    status: str = "No permission to read it"
    tone: str = "held"
    command: str = ""  # starts an engine that is down
    is_read: bool = False
    is_stopped: bool = False
    needs: int = 0  # items that need the person
    runs: int = 0  # that have not ended
    stuck: int = 0
    spent: int = 0  # today, in micro-dollars
    cap: int | None = None


class Other(msgspec.Struct, frozen=True):
    """A workspace of the root in which its owner has no session."""

    name: str
    status: str
    href: str = ""  # of its sign-in
    is_archived: bool = False


class Note(msgspec.Struct, frozen=True):
    """What became of a change."""

    tone: str
    text: str
    link: str = ""  # an invitation, which is shown once


async def page_values(router: WorkspaceRouter, mine: list[SignedIn]) -> dict[str, Any]:
    """Return what the page shows: where the person is signed in and, for the owner, the others."""
    rows = [await _row(each) for each in mine]
    owner = next(filter(is_owner, mine), None)
    others = await _others(router, owner, {row.name for row in rows}) if owner else []
    closing = {each.name for each in others if each.is_archived}
    rows = [row for row in rows if row.name not in closing]
    return {
        "rows": rows,
        "verdict": _verdict(rows),
        "most": SHOWN_MAX - 1,
        "owner": owner.principal.name if owner else "",
        "others": others,
    }


def is_owner(signed_in: SignedIn) -> bool:
    """Whether a session is of the owner of the root, who runs the machine."""
    who, console = signed_in.principal, signed_in.workspace.console
    return person(who.actor) == person(console.owner) and who.may("administer")


async def _row(signed_in: SignedIn) -> Row:
    """Return how a workspace stands. What is broken in one does not hide the others."""
    workspace, who, secret = signed_in
    people = workspace.console.people
    row = Row(
        workspace.name,
        f"{workspace.base}/",
        who.name,
        masked(people.csrf(secret)),
        can_stop=who.may("stop"),
        can_rename=who.may("administer"),
        is_owner=is_owner(signed_in),
    )
    if not who.may("read"):
        return row
    try:
        return await _read(row, signed_in)
    except Exception as error:  # noqa: BLE001 - the edge: a damaged log is reported in its row
        reason = str(error) if isinstance(error, MissionControlError) else type(error).__name__
        return msgspec.structs.replace(row, status=f"Can't be read: {reason}", tone="bad")


async def _read(row: Row, signed_in: SignedIn) -> Row:
    console, who = signed_in.workspace.console, signed_in.principal
    shell = await shell_of(console.present, console.instruments)
    needed = await count_of(console.present, console.owner, who, console.now)
    counts = console.present.statuses.counts()
    stuck = len(console.present.statuses.stuck())
    status, tone = "Accepting work", "ok"
    if not console.line.is_open:
        status, tone = "The engine is down", "bad"
    elif shell.stage != "all":
        status, tone = STAGES[shell.stage], "bad" if shell.stage == "stopped" else "held"
    elif stuck:
        status, tone = f"{stuck} stuck", "bad"
    return msgspec.structs.replace(
        row,
        title=(await console.people.access()).workspace,
        status=status,
        tone=tone,
        command="" if console.line.is_open else console.line.start,
        is_stopped=shell.stage == "stopped",
        is_read=True,
        needs=min(needed, SHOWN_MAX),
        runs=min(sum(counts.get(status, 0) for status in OPEN), SHOWN_MAX),
        stuck=min(stuck, SHOWN_MAX),
        spent=shell.spent,
        cap=shell.cap,
    )


async def _others(router: WorkspaceRouter, owner: SignedIn, shown: set[str]) -> list[Other]:
    """Return the workspaces of the root that are not shown yet; none where it can't be read."""
    console = owner.workspace.console
    if console.workspaces is None:
        return []
    try:
        found = await workspaces(console.reader(owner.principal))
    except MissionControlError as refusal:
        return [Other("workspaces.toml", str(refusal))]
    return [_other(router, each) for each in found if each.name not in shown or each.is_archived]


def _other(router: WorkspaceRouter, each: ListedWorkspace) -> Other:
    if each.is_archived:
        return Other(each.name, "Archived", is_archived=True)
    if each.name in router.served:
        return Other(each.name, "You are not signed in", f"{PREFIX}{each.name}/sign-in")
    return Other(each.name, router.faults.get(each.name, STARTING))


def _verdict(rows: list[Row]) -> str:
    """Return how all stand, in a sentence or two."""
    down = [row.name for row in rows if row.command]
    stopped = [row.name for row in rows if row.is_stopped]
    needed, stuck = sum(row.needs for row in rows), sum(row.stuck for row in rows)
    parts = []
    if down:
        parts.append(f"{_named(down)} {'has' if len(down) == 1 else 'have'} no engine at work.")
    if stopped:
        parts.append(f"Everything is stopped in {_named(stopped)}.")
    if needed:
        parts.append(f"{needed} {'item needs' if needed == 1 else 'items need'} you.")
    if stuck:
        parts.append(f"{stuck} {'run is' if stuck == 1 else 'runs are'} stuck.")
    return " ".join(parts) or "Nothing needs you."


def _named(names: list[str]) -> str:
    """Return a few names, and how many more there are."""
    if len(names) <= SHOWN_NAMES:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more workspaces"
