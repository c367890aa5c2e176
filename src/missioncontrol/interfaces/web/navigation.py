"""The places of the console: their names, addresses, icons and keys, and who sees them."""

from typing import NamedTuple

from missioncontrol.application.queries.shell import SHOWN_MAX, Shell
from missioncontrol.domain.permission import Permission


class Place(NamedTuple):
    """One entry of the navigation."""

    area: str  # as pages name theirs
    title: str
    href: str
    icon: str
    key: str  # after `g`, from the keyboard
    needs: Permission = "read"
    is_on_phones: bool = False


class Group(NamedTuple):
    """Places under one heading; the first and the last group have none."""

    title: str
    places: tuple[Place, ...]


GROUPS = (
    Group(
        "",
        (
            Place("inbox", "Inbox", "/inbox", "inbox", "i", is_on_phones=True),
            Place("overview", "Overview", "/", "overview", "o", is_on_phones=True),
            Place("approvals", "Approvals", "/approvals", "approvals", "a"),
        ),
    ),
    Group(
        "Work",
        (
            Place("board", "Board", "/board", "board", "b", is_on_phones=True),
            Place("missions", "Missions", "/missions", "missions", "m", is_on_phones=True),
            Place("repositories", "Repositories", "/repositories", "fork", "k"),
            Place("workflows", "Workflows", "/workflows", "workflows", "w"),
            Place("runs", "Runs", "/runs", "runs", "r"),
            Place("schedules", "Schedules", "/schedules", "schedules", "s"),
        ),
    ),
    Group(
        "Fleet",
        (
            Place("agents", "Agents", "/agents", "agents", "f"),
            Place("costs", "Costs", "/costs", "costs", "c"),
        ),
    ),
    Group(
        "Knowledge",
        (
            Place("decisions", "Decisions", "/decisions", "branch", "d"),
            Place("memory", "Memory", "/memory", "memory", "y"),
            Place("templates", "Templates", "/templates", "doc", "t"),
        ),
    ),
    Group(
        "Record",
        (
            Place("events", "Events", "/events", "events", "e"),
            Place("logs", "Logs", "/logs", "logs", "l"),
            Place("audit", "Audit", "/audit", "audit", "u", needs="audit"),
        ),
    ),
    Group("Insight", (Place("cockpit", "Cockpit", "/cockpit", "cockpit", "p"),)),
)
END = (
    Place("api", "API", "/api", "api", "x"),
    Place("settings", "Settings", "/settings", "settings", ","),
)
PLACES = (*(place for group in GROUPS for place in group.places), *END)


class Badge(NamedTuple):
    """A number beside a place."""

    text: str
    tone: str  # `ask` where a person is waited for
    meaning: str  # for who does not see where it stands


def badge(area: str, shell: Shell | None) -> Badge | None:
    """Return the number beside a place, or None where there is nothing to count."""
    if shell is None:
        return None
    count, tone, meaning = {
        "inbox": (shell.inbox, "ask", "need you"),
        "approvals": (shell.waiting, "", "waiting"),
        "runs": (shell.runs, "", "not ended"),
        "agents": (shell.agents, "", "known"),
    }.get(area, (0, "", ""))
    if not count:
        return None
    return Badge(f"{SHOWN_MAX - 1}+" if count >= SHOWN_MAX else str(count), tone, meaning)
