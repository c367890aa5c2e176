"""What the board shows: columns, lanes and the list of the same items, and its saved views."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import itemgetter
from typing import Literal, NamedTuple
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import msgspec
from markupsafe import Markup

from missioncontrol.application.read_model import Present
from missioncontrol.application.work_index import WorkItem
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work_item.stages import Stage, StageTime, Word
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.hints import on_page
from missioncontrol.queries.board import DAY, TITLES, filled, shown
from missioncontrol.queries.work_item import WorkItemFilters

Layout = Literal["columns", "lanes", "list"]
LAYOUTS: tuple[tuple[Layout, str, str], ...] = (
    ("columns", "Columns", "board"),
    ("lanes", "By mission", "workload"),
    ("list", "List", "list"),
)
CARDS = 12
"""Cards of a column that a page brings; the others come as it is scrolled."""

CARDS_MAX = 100
LANES = 8
LANE_CARDS = 4
EPICS_MAX = 200
PEOPLE_MAX = 200

GLYPHS: dict[Word, tuple[str, str, str]] = {
    "planned": ("waiting", "st-waiting", ""),
    "ready_to_build": ("ready", "st-ready", ""),
    "building": ("running", "st-running", "live"),
    "in_review": ("running", "st-review", "live"),
    "waiting": ("approval", "st-approval", "ask"),
    "stuck": ("blocked", "warn", "held"),
    "failed": ("failed", "st-failed", "bad"),
    "cancelled": ("cancelled", "st-cancelled", ""),
    "done": ("succeeded", "st-succeeded", "ok"),
}
"""By status: `data-s`, the glyph and the tone."""

PROGRESS: tuple[tuple[str, frozenset[str]], ...] = (
    ("ok", frozenset({"done"})),
    ("live", frozenset({"building", "in_review"})),
    ("ask", frozenset({"waiting"})),
    ("held", frozenset({"stuck", "failed"})),
)


class Choice(msgspec.Struct, frozen=True):
    """What an address of the board says."""

    view: Layout = "columns"
    epic: str = ""
    assignee: str = ""
    kind: str = ""
    priority: str = ""
    status: str = ""
    label: str = ""
    repository: str = ""
    q: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves any items out."""
        return bool(self.query_of(view="columns"))

    def query_of(self, **changes: str) -> str:
        """Return the query of an address, with some values changed; defaults are left out."""
        values = {**msgspec.structs.asdict(self), **changes}
        found = {name: value for name, value in values.items() if value}
        if found.get("view") == "columns":
            del found["view"]
        return urlencode(found)

    def address(self, **changes: str) -> str:
        """Return an address of the board with some values changed."""
        query = self.query_of(**changes)
        return f"/board?{query}" if query else "/board"

    def filters(self, actor: str) -> WorkItemFilters:
        """Return which items it wants; `me` is the caller.

        Raises:
            Rejected: `work_item.bad_input`.
        """
        given = {
            "which": "all",
            "epic": self.epic,
            "assignee": actor if self.assignee == "me" else self.assignee,
            "kind": self.kind or None,
            "priority": self.priority or None,
            "status": self.status or None,
            "label": self.label,
            "repository": self.repository,
            "text": self.q.strip(),
        }
        try:
            return msgspec.convert(given, WorkItemFilters)
        except msgspec.ValidationError as error:
            raise Rejected("work_item.bad_input", f"The filter is no filter: {error}.") from None


class View(NamedTuple):
    """A saved view: a name for an address."""

    title: str
    glyph: str
    href: str
    items: int


class Lane(NamedTuple):
    """The items of a mission or a repository, by column."""

    key: str
    title: str
    lead: WorkItem  # whose status comes first
    done: int
    total: int
    parts: list[tuple[str, float, float]]  # tone, begin and width in per cent
    columns: list[tuple[Stage, list[WorkItem], int]]  # with how many more there are


def chosen(present: Present, choice: Choice, actor: str, now: float) -> list[WorkItem]:
    """Return the items that an address asks for, in the order of a list."""
    found = present.work_items if choice.status else shown(present, now)
    return choice.filters(actor).select(found)


class Summary(msgspec.Struct, frozen=True):
    """What every view of the board says of all open items; counted once for each change."""

    items: Sequence[WorkItem]  # all of them
    open_ones: list[WorkItem]
    words: Counter[str]
    by_assignee: Counter[str]
    epics: list[tuple[str, str]]
    people: list[tuple[str, str]]


_known: WeakKeyDictionary[Present, Summary] = WeakKeyDictionary()


def summary_of(present: Present) -> Summary:
    """Return what all views say, as of now."""
    items, known = present.work_items, _known.get(present)
    if known is not None and known.items is items:
        return known
    open_ones = present.work.open_items
    found = _known[present] = Summary(
        items,
        open_ones,
        Counter(each.word for each in open_ones),
        Counter(each.assignee for each in open_ones),
        epics_of(open_ones),
        people_of(open_ones),
    )
    return found


def lanes(items: Sequence[WorkItem], everything: Sequence[WorkItem]) -> tuple[list[Lane], int]:
    """Return the items by what they belong to, what a person has to act on first.

    The number says how many more there are.
    """
    by_epic: dict[str, list[WorkItem]] = {}
    for each in items:
        by_epic.setdefault(each.epic_source, []).append(each)
    first = dict(islice(by_epic.items(), LANES))
    words: dict[str, Counter[str]] = {epic: Counter() for epic in first}
    for each in everything:
        if each.epic_source in words:
            words[each.epic_source][each.word] += 1
    lanes = [_lane(found, words[epic]) for epic, found in first.items()]
    return lanes, max(len(by_epic) - LANES, 0)


def _lane(items: list[WorkItem], words: Counter[str]) -> Lane:
    lead, total = items[0], sum(words.values()) - words["cancelled"]
    columns = [
        (stage, found[:LANE_CARDS], max(len(found) - LANE_CARDS, 0))
        for stage, found in filled(items).items.items()
    ]
    title = lead.epic_title or "Questions to people"
    return Lane(lead.epic, title, lead, words["done"], total, progress(words, total), columns)


def progress(words: Counter[str], total: int) -> list[tuple[str, float, float]]:
    """Return the parts of a bar that counts all tasks; what has not begun is left over."""
    parts, begin = [], 0.0
    for tone, of in PROGRESS:
        width = 100.0 * sum(words[word] for word in of) / max(total, 1)
        if width:
            parts.append((tone, round(begin, 2), round(width, 2)))
            begin += width
    return parts


def views(summary: Summary, choice: Choice, actor: str) -> list[View]:
    """Return the views that every board has."""
    words, own, layout = summary.words, summary.by_assignee[actor], choice.view

    def href(**values: str) -> str:
        return Choice(view=layout).address(**values)

    return [
        View("Team board", "board", href(), len(summary.open_ones)),
        View("My items", "user", href(assignee="me"), own),
        View("Waiting for a person", "approvals", href(status="waiting"), words["waiting"]),
        View("Stuck", "warn", href(status="stuck"), words["stuck"]),
        View("Failed", "st-failed", href(status="failed"), words["failed"]),
        View("Not assigned", "user", href(assignee="none"), summary.by_assignee[""]),
    ]


def epics_of(items: Iterable[WorkItem]) -> list[tuple[str, str]]:
    """Return what items belong to, for a filter."""
    found = {each.epic: each.epic_title for each in items if each.epic}
    named = ((key, f"{key} {title}") for key, title in sorted(found.items()))
    return [("", "All missions"), *islice(named, EPICS_MAX)]


def people_of(items: Iterable[WorkItem]) -> list[tuple[str, str]]:
    """Return who has items, for a filter."""
    found = {each.assignee for each in items} - {""}
    named = sorted(((each, name_of(each)) for each in found), key=itemgetter(1))[:PEOPLE_MAX]
    return [("", "Anyone"), ("me", "Me"), ("none", "Not assigned"), *named]


def name_of(assignee: str) -> str:
    """Return a person or an agent by name."""
    return assignee.partition(":")[2] or assignee


def since(at: float) -> Markup:
    """Return how long ago something was in a card, with the time on hover."""
    moment = formats.moment(at)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"),
        moment.strftime("%Y-%m-%d %H:%M:%S UTC"),
        formats.span(max(formats.now() - at, 0.0)),
    )


def hours(seconds: float) -> str:
    """Return a time as people estimate it: `45 min`, `1.6 h`."""
    if seconds < 3_600 or seconds >= 2 * DAY:
        return formats.span(seconds)
    return f"{seconds / 3_600:.3g} h"


def effort(spent: float, estimated: float) -> str:
    """Return the work on an item beside its estimate, in one unit: `2.2 of 2.5 h`."""
    if not spent and not estimated:
        return ""
    unit, size = ("h", 3_600.0) if max(spent, estimated) >= 3_600 else ("min", 60.0)
    parts = [f"{each / size:.1f}".removesuffix(".0") for each in (spent, estimated) if each]
    return f"{' of '.join(parts)} {unit}"


def initials(assignee: str) -> str:
    """Return two letters for a person or an agent; `builder-2` is `b2`."""
    kind, _, name = assignee.partition(":")
    if kind == "user":
        return name[:2].upper()
    return f"{name[:1]}{name[-1]}" if name[-1:].isdigit() else name[:2]


def reason_of(item: WorkItem, refusal: str) -> str:
    """Return why something can't be done with an item, on its own page."""
    text = refusal.removeprefix(f"{item.id}: ").removeprefix(f"{item.id} ")
    return on_page(f"{text[:1].upper()}{text[1:]}")


def chips(
    choice: Choice, fields: Sequence[tuple[str, str, Sequence[tuple[str, str]], str]]
) -> list[tuple[str, str, str]]:
    """Return what the items are chosen by: title, value, and the address without it."""
    found = [
        (title, dict(options).get(value, value), choice.address(**{name: ""}))
        for name, title, options, value in fields
        if value
    ]
    if choice.q:
        found.append(("Text", choice.q, choice.address(q="")))
    found.extend(
        (name.capitalize(), value, choice.address(**{name: ""}))
        for name in ("label", "repository")
        if (value := getattr(choice, name))
    )
    return found


def worked(item: WorkItem, now: float) -> float:
    """Return the seconds that agents have worked on an item, up to now."""
    return item.seconds + (max(now - item.working, 0.0) if item.working else 0.0)


def why(item: WorkItem) -> tuple[str, str, str]:
    """Return the line of a card that says what stands in its way: tone, glyph and text."""
    if item.word == "stuck":
        return "held", "warn", item.status.partition(": ")[2]
    if item.word == "waiting":
        who = item.status.partition(" on ")[2] or "a person"
        return "ask", "approvals", f"{who}: {_request(item)}"
    if item.word == "failed":
        return "bad", "st-failed", item.reason or "Failed"
    if item.blocked_by:
        return "", "lock", f"Blocked by {', '.join(item.blocked_by[:3])}"
    if item.stage == "planned" and item.kind == "repository_task" and item.reason:
        return "ask", "user", item.reason.rstrip(".")
    return "", "", ""


def _request(item: WorkItem) -> str:
    text = item.reason.rstrip(".")
    return f"{text[:1].lower()}{text[1:]}" if text else "finish task"


def due_soon(item: WorkItem, now: float) -> str:
    """Return `late` where an item is past its due date, `soon` two days before it."""
    if not item.due or not item.is_open:
        return ""
    today = formats.moment(now).date().isoformat()
    soon = formats.moment(now + 2 * DAY).date().isoformat()
    return "late" if item.due < today else "soon" if item.due <= soon else ""


class Slice(NamedTuple):
    """A part of the bar of an item's time in each stage."""

    stage: Stage
    title: str
    begin: float
    width: float
    seconds: float
    is_now: bool


def slices(times: Sequence[StageTime]) -> list[Slice]:
    """Return the time in each stage as parts of a bar, in per cent."""
    total = sum(each.seconds for each in times) or 1.0
    found, begin = [], 0.0
    for each in times:
        width = 100.0 * each.seconds / total
        title = TITLES[each.stage]
        found.append(
            Slice(each.stage, title, round(begin, 2), round(width, 2), each.seconds, each.is_now)
        )
        begin += width
    return found
