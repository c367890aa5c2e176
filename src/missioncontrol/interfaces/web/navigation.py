"""The ten places of the console and its settings: addresses, tabs, keys, and who sees them."""

from collections.abc import Iterable
from typing import NamedTuple

from missioncontrol.application.queries.shell import SHOWN_MAX, Shell
from missioncontrol.domain.principal import Needed, Principal


class Tab(NamedTuple):
    """A list of a place, beside others; `views` are pages that share the tab, in a second row."""

    title: str
    href: str
    needs: Needed = "read"
    views: tuple["Tab", ...] = ()

    @property
    def hrefs(self) -> tuple[str, ...]:
        """The addresses of its pages."""
        return (self.href, *(each.href for each in self.views))


class Place(NamedTuple):
    """One entry of the navigation; it leads to the first tab that a person may see."""

    title: str
    icon: str
    key: str  # after `g`, from the keyboard
    areas: tuple[str, ...]  # as its pages name theirs
    tabs: tuple[Tab, ...]
    is_on_phones: bool = False

    @property
    def href(self) -> str:
        """The address of its first tab."""
        return self.tabs[0].href


class Group(NamedTuple):
    """Places under one heading; the first group has none."""

    title: str
    places: tuple[Place, ...]


def _alone(title: str, icon: str, key: str, href: str, *, phone: bool = False) -> Place:
    return Place(title, icon, key, (title.lower(),), (Tab(title, href),), phone)


AUTOMATIONS = (
    Tab("Workflows", "/workflows"),
    Tab("Schedules", "/schedules"),
    Tab("Runs", "/runs"),
)
AGENTS = (
    Tab("Agents", "/agents"),
    Tab("Costs", "/costs"),
    Tab("Elevations", "/elevations"),
)
PRODUCT = (
    Tab("Dashboard", "/cockpit"),
    Tab(
        "Explore",
        "/cockpit/trends",
        views=(
            Tab("Trends", "/cockpit/trends"),
            Tab("Funnel", "/cockpit/funnel"),
            Tab("Retention", "/cockpit/retention"),
            Tab("Active", "/cockpit/active"),
            Tab("Lifecycle", "/cockpit/lifecycle"),
            Tab("Paths", "/cockpit/paths"),
        ),
    ),
    Tab("Alerts", "/cockpit/alerts"),
    Tab("People", "/cockpit/people"),
    Tab("Data", "/cockpit/products"),
)
KNOWLEDGE = (
    Tab("Search", "/knowledge", views=(Tab("Names and events", "/search"),)),
    Tab("Decisions", "/decisions"),
    Tab("Memory", "/memory"),
    Tab("Patterns", "/knowledge/patterns"),
    Tab("Templates", "/templates"),
)
RECORD = (Tab("Events", "/events"), Tab("Logs", "/logs"), Tab("Audit", "/audit", "audit"))
GROUPS = (
    Group(
        "",
        (
            Place(
                "Inbox",
                "inbox",
                "i",
                ("inbox", "approvals"),
                (Tab("Items", "/inbox"), Tab("Approvals", "/approvals")),
                is_on_phones=True,
            ),
            _alone("Home", "home", "h", "/", phone=True),
        ),
    ),
    Group(
        "Work",
        (
            _alone("Board", "board", "b", "/board", phone=True),
            _alone("Missions", "missions", "m", "/missions", phone=True),
            _alone("Repositories", "repo", "r", "/repositories"),
            Place("Automations", "workflows", "u", ("workflows", "schedules", "runs"), AUTOMATIONS),
            Place("Agents", "agents", "a", ("agents", "costs", "elevations"), AGENTS),
        ),
    ),
    Group(
        "Learn",
        (
            Place("Product", "cockpit", "p", ("cockpit",), PRODUCT),
            Place(
                "Knowledge",
                "knowledge",
                "k",
                ("knowledge", "search", "decisions", "memory", "templates"),
                KNOWLEDGE,
            ),
            Place("Record", "audit", "l", ("events", "logs", "audit"), RECORD),
        ),
    ),
)
SETTINGS = Place(
    "Settings",
    "settings",
    ",",
    ("settings", "api"),
    (
        Tab("Workspace", "/settings/workspace"),
        Tab(
            "People",
            "/settings/users",
            "audit",
            (Tab("Users", "/settings/users", "audit"), Tab("Roles", "/settings/roles")),
        ),
        Tab(
            "Access",
            "/settings/sessions",
            "sign_in",
            (
                Tab("Sessions", "/settings/sessions", "sign_in"),
                Tab("Tokens", "/settings/tokens", "sign_in"),
            ),
        ),
        Tab(
            "Budgets and prices",
            "/settings/budgets",
            views=(
                Tab("Budgets", "/settings/budgets"),
                Tab("Prices", "/settings/prices"),
                Tab("Rate limits", "/settings/limits"),
            ),
        ),
        Tab(
            "Integrations",
            "/api",
            views=(Tab("API", "/api"), Tab("Webhooks", "/settings/webhooks", "govern")),
        ),
        Tab("Notifications", "/settings/notifications", "sign_in"),
        Tab("Storage", "/settings/retention"),
    ),
)
PLACES = (*(place for group in GROUPS for place in group.places), SETTINGS)


class Here(NamedTuple):
    """The place of a page, as its heading shows it: the rows of tabs, each with the current one."""

    title: str
    rows: tuple[tuple[str, tuple[tuple[Tab, bool], ...]], ...]  # what each row is called, its tabs


def here(path: str, principal: Principal | None) -> Here:
    """Return the place that the address `path` belongs to, with the tabs that `principal` sees.

    Raises:
        LookupError: where no place has the address.
    """
    found = [
        (len(href), place, tab)
        for place in PLACES
        for tab in place.tabs
        for href in tab.hrefs
        if path == href or path.startswith(f"{href.rstrip('/')}/")
    ]
    if not found:
        raise LookupError(f"No place has the address {path}.")
    _, place, current = max(found, key=lambda each: each[0])
    tabs, views = (tuple(visible(each, principal)) for each in (place.tabs, current.views))
    rows = [(place.title, tuple((tab, tab.title == current.title) for tab in tabs))]
    rows.append((current.title, tuple((view, view.href == path) for view in views)))
    return Here(place.title, tuple(row for row in rows if len(row[1]) > 1))


def visible(tabs: Iterable[Tab], principal: Principal | None) -> Iterable[Tab]:
    """Return the tabs that a person may see, each leading to its first page that they may see."""
    for tab in tabs:
        views = tuple(visible(tab.views, principal)) if tab.views else (tab,)
        seen = [each for each in views if _may(each, principal)]
        if seen:
            yield tab if tab.href == seen[0].href else tab._replace(href=seen[0].href)


def _may(tab: Tab, principal: Principal | None) -> bool:
    return principal is not None and (tab.needs == "sign_in" or principal.may(tab.needs))


class Badge(NamedTuple):
    """A number beside a place."""

    text: str
    tone: str  # `ask` where a person is waited for
    meaning: str  # for who does not see where it stands


def badge(place: Place, shell: Shell | None) -> Badge | None:
    """Return the number beside a place, or None where there is nothing to count."""
    if shell is None:
        return None
    count, tone, meaning = {
        "Inbox": (shell.inbox, "ask", "need you"),
        "Automations": (shell.runs, "", "runs not ended"),
        "Agents": (shell.agents.total, "", f"agents, {shell.agents.working} working"),
    }.get(place.title, (0, "", ""))
    if not count:
        return None
    return Badge(f"{SHOWN_MAX - 1}+" if count >= SHOWN_MAX else str(count), tone, meaning)
