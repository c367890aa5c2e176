"""The pages of runs: the list, one run from every side, two beside each other, and replay."""

import time
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from missioncontrol.application.queries import artifacts, halts, replay, run_comparison, runs, steps
from missioncontrol.application.read_model import Present
from missioncontrol.application.views import approval_view
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import RUN_WORDS, alike
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cap_forms import cap_changes
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.run_forms import changed_inputs, shown_inputs
from missioncontrol.interfaces.web.words import look_of, state_of_run
from missioncontrol.operations import run as operations
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.surfaces.paging import Cursor, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]

ROWS = 50
NEW_MAX = 100
LINES = 200
STATUSES = RUN_WORDS
PERIODS = {"1h": 3_600.0, "24h": 86_400.0, "7d": 604_800.0, "30d": 2_592_000.0}
Tab = Literal["graph", "steps", "timeline", "log", "files", "events", "cost", "approvals"]
Name = Annotated[str, QueryParameter(max_length=300)]
Key = Annotated[str, QueryParameter(max_length=2_000)]
At = Annotated[int | None, QueryParameter(ge=1, le=2**53)]


class RunFilters(msgspec.Struct, frozen=True):
    """What the address of the list says."""

    status: str = ""
    text: str = ""
    workflow: str = ""
    mission: str = ""
    author: str = ""
    trigger: str = ""
    schedule: str = ""
    period: str = ""

    @property
    def needs_attention(self) -> bool:
        """Whether only runs are wanted that need a person."""
        return self.status == "attention"

    def choice(self) -> RunChoice:
        """Return which runs are wanted."""
        wanted = () if self.status in ("", "attention") else alike(self.status)
        since = time.time() - PERIODS[self.period] if self.period in PERIODS else 0.0  # noqa: TID251 - what is recent is asked of the reader's clock
        return RunChoice(
            wanted,
            self.workflow,
            self.mission,
            self.author,
            self.trigger,
            self.schedule,
            since,
            text=self.text,
        )


@get("/runs", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest,
    present: NamedDependency[Present],
    status: Name = "",
    q: Name = "",
    workflow: Name = "",
    mission: Name = "",
    author: Name = "",
    trigger: Name = "",
    schedule: Name = "",
    period: Name = "",
    cursor: Cursor = "",
    upto: Name = "",
) -> Response[str]:
    """Show runs, newest first; `upto` keeps those that came since out of the way."""
    filters = RunFilters(status, q, workflow, mission, author, trigger, schedule, period)
    choice, attention = filters.choice(), filters.needs_attention
    place = place_of(cursor, str)
    before = place[0] if place else f"{upto}~" if upto else ""
    found = runs.list_runs(
        present, choice, needs_attention=attention, before=before, limit=ROWS + 1
    )
    newer = 0
    if upto and not cursor:
        newest = runs.list_runs(present, choice, needs_attention=attention, limit=NEW_MAX)
        newer = sum(item.id > upto for item in newest)
    values: dict[str, Any] = {
        "filters": filters,
        "counts": runs.run_counts(present),
        "items": found[:ROWS],
        "next": cursor_of(found[ROWS - 1].id) if len(found) > ROWS else "",
        "cursor": cursor,
        "upto": upto or (found[0].id if found and not cursor else ""),
        "newer": newer,
        "new_max": NEW_MAX,
        "periods": list(PERIODS),
    }
    if is_part(request) and not cursor:
        return fragment(request, "runs/list.html", "rows", **values)
    return page(request, "runs/list.html", title="Runs", area="runs", **values)


@get("/runs/{run:str}", include_in_schema=False, **needs("read"))
async def run_page(
    request: AnyRequest,
    present: NamedDependency[Present],
    console: NamedDependency[Console],
    run: FromPath[str],
    tab: FromQuery[Tab] = "graph",
    cursor: Cursor = "",
    status: Name = "",
    q: Name = "",
) -> Response[str]:
    """Show one run from the side that `tab` names."""
    if is_part(request):
        return await _part(request, present, console, run, tab)
    values = await _run_values(present, console, run, tab)
    values |= await _tab_values(present, run, tab, cursor, status, q)
    values |= {"drawer": None, "cursor": cursor, "wanted": status, "q": q}
    title = " · ".join(filter(None, (values["detail"].title, values["detail"].label)))
    return page(request, "runs/run.html", title=title, area="runs", **values)


async def _part(
    request: AnyRequest, present: Present, console: Console, run: str, tab: str
) -> Response[str]:
    """Return the summary of a run, or its head: an open page requests them again and again."""
    detail = await runs.run_detail(present, run, console.shelf.scopes)
    values: dict[str, Any] = {"detail": detail, "tab": tab, "at": None, "drawer": None}
    values["obstacles"] = await _obstacles(present, console, run)
    if not request.headers.get("hx-target", "").endswith("drawer"):
        return fragment(request, "runs/run.html", "about", **values)
    failed = await steps.list_steps(present, run, steps.StepChoice(("failed",)), limit=5)
    return fragment(request, "runs/run.html", "side", **values, failed=failed)


@get("/runs/{run:str}/part/{tab:str}", include_in_schema=False, **needs("read"))
async def run_part(
    request: AnyRequest,
    present: NamedDependency[Present],
    console: NamedDependency[Console],
    run: FromPath[str],
    tab: FromPath[Tab],
    cursor: Cursor = "",
    status: Name = "",
    q: Name = "",
) -> Response[str]:
    """Return what one tab of a run shows now."""
    values = await _run_values(present, console, run, tab)
    values |= await _tab_values(present, run, tab, cursor, status, q)
    values |= {"drawer": None, "cursor": cursor, "wanted": status, "q": q}
    return fragment(request, "runs/run.html", "tab", **values)


async def _run_values(
    present: Present, console: Console, run: str, tab: str, *, at: int | None = None
) -> dict[str, Any]:
    detail = await runs.run_detail(present, run, console.shelf.scopes, at=at)
    bad = steps.StepChoice(("failed",))
    failed = await steps.list_steps(present, run, bad, limit=5) if at is None else []
    own = [item.step for item in await _own_steps(present, run)] if detail.ended else []
    moments = (await present.chronicles.of(run)).moments
    return {
        "detail": detail,
        "last": moments[-1].time,
        "tab": tab,
        "at": at,
        "failed": failed,
        "own": own,
        "given": shown_inputs(detail.inputs),
        "events": len(moments),
        "files": artifacts.count_of(await present.run(run)),
        "obstacles": await _obstacles(present, console, run),
    }


async def _obstacles(present: Present, console: Console, run: str) -> list[halts.Obstacle]:
    """Return the caps that keep a halted run from going on."""
    halt = (await present.run(run)).halt
    if halt is None:
        return []
    return await halts.obstacles(present, console.instruments, halt, formats.now())


async def _own_steps(present: Present, run: str) -> list[steps.StepItem]:
    return await steps.list_steps(present, run, steps.StepChoice(parent=""), limit=500)


async def _tab_values(
    present: Present, run: str, tab: str, cursor: str, status: str, q: str
) -> dict[str, Any]:
    place = place_of(cursor, int) if tab != "files" else None
    after = int(place[0]) if place else -1
    match tab:
        case "graph" | "steps":
            choice = steps.StepChoice(tuple(status.split()), None, q)
            items = await steps.list_steps(present, run, choice, after=after, limit=ROWS + 1)
            return _page_of(items)
        case "timeline":
            rows = await replay.run_timeline(present, run, after=after, limit=LINES + 1)
            return _page_of(rows, LINES)
        case "events":
            found = await replay.run_events(present, run, after=max(after, 0), limit=LINES + 1)
            more = cursor_of(found[LINES - 1].version) if len(found) > LINES else ""
            return {"items": found[:LINES], "next": more}
        case "files":
            return await _files(present, run, cursor)
        case "cost":
            return {"costs": await runs.run_costs(present, run), "next": ""}
        case "approvals":
            state_now = await present.run(run)
            asked = state_now.approvals[: -ROWS - 1 : -1]
            return {"items": [await approval_view(present.store, each) for each in asked]}
        case _:
            return {"lines": present.output.read(run, limit=LINES)}


async def _files(present: Present, run: str, cursor: str) -> dict[str, Any]:
    place = place_of(cursor, str, int)
    after = (str(place[0]), int(place[1])) if place else None
    rows, last = artifacts.artifacts_of(await present.run(run), after=after, limit=ROWS)
    return {"items": rows, "next": cursor_of(*last) if last else ""}


def _page_of(items: list[Any], limit: int = ROWS) -> dict[str, Any]:
    more = cursor_of(items[limit - 1].place) if len(items) > limit else ""
    return {"items": items[:limit], "next": more}


@get("/runs/{run:str}/steps/{step:path}", include_in_schema=False, **needs("read"))
async def step_page(
    request: AnyRequest,
    present: NamedDependency[Present],
    console: NamedDependency[Console],
    run: FromPath[str],
    step: FromPath[str],
    at: At = None,
) -> Response[str]:
    """Show one step beside the graph of its run, or alone where a part is asked for."""
    key = step.removeprefix("/")
    drawer = await steps.step_detail(present, run, key, at=at)
    if is_part(request):
        return fragment(request, "runs/run.html", "side", drawer=drawer, at=at, run=run)
    values = await _run_values(present, console, run, "graph")
    values |= await _tab_values(present, run, "graph", "", "", "")
    values |= {"drawer": drawer, "cursor": "", "wanted": "", "q": ""}
    title = drawer.title or drawer.step
    return page(request, "runs/run.html", title=title, area="runs", **values)


@get("/runs/{run:str}/replay", include_in_schema=False, **needs("read"))
async def replay_page(
    request: AnyRequest,
    present: NamedDependency[Present],
    console: NamedDependency[Console],
    run: FromPath[str],
    at: At = None,
) -> Response[str]:
    """Show a run as it stood at any moment."""
    del console
    detail = await runs.run_detail(present, run)
    index = await replay.replay_index(present, run)
    moment = await replay.replay_moment(present, run, at or detail.position)
    values: dict[str, Any] = {
        "detail": detail,
        "moment": moment,
        "index": msgspec.to_builtins(index),
        "first": msgspec.to_builtins(moment),
        "titles": {moment.step: _title(index, moment.step)},
        "words": {status: look_of(state_of_run(status)).word for status in STATUSES},
    }
    title = f"Replay of {detail.title}"
    return page(request, "runs/replay.html", title=title, area="runs", **values)


@get("/runs/compare", include_in_schema=False, **needs("read"))
async def compare_page(
    request: AnyRequest,
    present: NamedDependency[Present],
    a: Name = "",
    b: Name = "",
    different: FromQuery[bool] = False,
    cursor: Cursor = "",
) -> Response[str]:
    """Show two runs beside each other; without the second, choose it."""
    values: dict[str, Any] = {"a": a, "b": b, "different": different, "both": None}
    if a and b:
        place = place_of(cursor, int)
        found = await run_comparison.compared(present, a, b)
        rows = run_comparison.compared_steps(
            found, only_different=different, after=int(place[0]) if place else -1, limit=LINES + 1
        )
        values |= {"both": run_comparison.compare_runs(present, found), **_page_of(rows, LINES)}
    row = present.board.run(a) if a else None
    choice = RunChoice(workflow=row.workflow if row is not None else "")
    values["others"] = runs.list_runs(present, choice, limit=ROWS)
    return page(request, "runs/compare.html", title="Compare runs", area="runs", **values)


def _title(index: replay.ReplayIndex, step: str) -> str:
    """Return a step by its title, as the scrubber does."""
    title = index.titles[index.steps.index(step)] if step in index.steps else ""
    place = step[step.rfind("[") :] if step.endswith("]") else ""
    return f"{title} {place}".rstrip() if title else step


# What a person changes.


@post("/runs/{run:str}/cancel", include_in_schema=False, **needs("operate"))
async def cancel(
    request: AnyRequest, console: NamedDependency[Console], run: FromPath[str]
) -> Response[Any]:
    """End a run."""
    reason = str((await request.form()).get("reason", "")).strip()[:2_000]
    await console.run(request, operations.CANCEL, run, reason=reason or "asked for")
    return moved(request, _place(run))


@post("/runs/{run:str}/resume", include_in_schema=False, **needs("operate"))
async def resume(
    request: AnyRequest, console: NamedDependency[Console], run: FromPath[str]
) -> Response[Any]:
    """Take a run up again."""
    await console.run(request, operations.RESUME, run)
    return moved(request, _place(run))


@post("/runs/{run:str}/raise", include_in_schema=False, **needs("govern"))
async def raise_caps(
    request: AnyRequest,
    console: NamedDependency[Console],
    present: NamedDependency[Present],
    run: FromPath[str],
) -> Response[Any]:
    """Raise the caps that a run is halted for, and take it up again."""
    form = {str(k): str(v) for k, v in (await request.form()).items()}
    reason = form.get("reason", "").strip()[:2_000]
    state = await runs.run_state(present, run)
    changes = cap_changes(halts.needs_of(state.halt), form, reason)
    await console.run(request, operations.RAISE_CAPS, run, changes=tuple(changes))
    return moved(request, _place(run))


@post("/runs/{run:str}/retry", include_in_schema=False, **needs("operate"))
async def retry(
    request: AnyRequest, console: NamedDependency[Console], run: FromPath[str]
) -> Response[Any]:
    """Do a part of a run again, in a new one."""
    step = str((await request.form()).get("step", ""))[:2_000]
    begun = await console.run(request, operations.RETRY, run, step=step)
    return moved(request, _place(begun.run))


@post("/runs/{run:str}/fork", include_in_schema=False, **needs("operate"))
async def fork(
    request: AnyRequest,
    console: NamedDependency[Console],
    present: NamedDependency[Present],
    run: FromPath[str],
) -> Response[Any]:
    """Rerun a run from a step, with other inputs."""
    form = await request.form()
    step = str(form.get("step", ""))[:2_000]
    if not step:
        raise Rejected("run.no_step", "No step is selected.", hint="Select the step to start from.")
    state = await runs.run_state(present, run)
    changed = changed_inputs(state.inputs, {str(k): str(v) for k, v in form.items()})
    begun = await console.run(request, operations.FORK, run, step=step, inputs=changed)
    return moved(request, _place(begun.run))


def _place(run: str) -> str:
    return f"/runs/{quote(run)}"


HANDLERS: list[Any] = [
    list_page,
    compare_page,
    run_page,
    run_part,
    step_page,
    replay_page,
    cancel,
    resume,
    raise_caps,
    retry,
    fork,
]
