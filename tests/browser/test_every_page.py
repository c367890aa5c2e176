"""Every page of the console: for everybody, at every width, in both themes, and with all open.

The pages are those that the application itself names: a new one that is not looked at here fails.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import Browser, Page, Request, expect

from missioncontrol.interfaces.app import build
from missioncontrol.interfaces.web.mission_tabs import query_of
from missioncontrol.interfaces.web.mission_views import VIEWS
from missioncontrol.interfaces.web.pages.runs import Tab as RunTab
from tests.browser.scene import (
    Scene,
    Tab,
    assert_accessible,
    assert_fits,
    assert_steady,
    new_context,
    watched,
)
from tests.console.mission_house import DECIDING_GOAL, small_repository

pytestmark = pytest.mark.journey

FIRST_LOAD_BYTES_MAX = 150_000
"""Compressed, of all that a first visit to a page loads, but what draws charts and edits code."""

CHARTS = ("uplot", "echarts", "dagre", "codemirror", "yaml", "diff2html")
REPORT = "report?"
"""A report is a document with its own pictures and letters, shown in a frame of the page."""

FLOW = """
name: greet
inputs:
  word: {type: string, default: hello}
steps:
  say:
    agent: command
    with: {argv: [echo, said]}
  again:
    agent: command
    with: {argv: [echo, again]}
    needs: [say]
"""
RELEASE = """
name: release
steps:
  publish:
    title: Publish the tag
    agent: command
    effects: [pushes]
    approval: {from: [approver], expires: 2h}
    with: {argv: [echo, v1]}
"""
ASK = """
name: ask
steps:
  ask: {agent: boss, with: {question: "Ship it?"}}
"""
FAILS = """
name: fails
steps:
  scan:
    agent: command
    with: {argv: [sh, -c, "echo refused >&2; exit 7"]}
  tell: {agent: command, needs: [scan], with: {argv: [echo, told]}}
"""
ANSWER = """\
{"type": "object", "required": ["why"], "properties": {
  "why": {"type": "string", "title": "Why"}, "tag": {"type": "string", "enum": ["v1", "v2"]}}}
"""
PAGES: dict[str, tuple[str, ...]] = {
    "/": ("/",),
    "/agents": ("/agents", "/agents?view=cards"),
    "/agents/new": ("/agents/new",),
    "/agents/run": ("/agents/run",),
    "/agents/sessions/{session}": ("/agents/sessions/{session}", "/agents/sessions/{adopted}"),
    "/agents/{name}": ("/agents/planner", "/agents/command", "/agents/wide", "/agents/calm"),
    "/agents/{name}/elevation": ("/agents/wide/elevation", "/agents/calm/elevation"),
    "/api": ("/api",),
    "/api/operations/{name}": ("/api/operations/{operation}",),
    "/approvals": ("/approvals",),
    "/approvals/{approval}": ("/approvals/{approval}",),
    "/artifacts/{digest}": ("{artifact}",),
    "/audit": ("/audit", "/audit?workflow=greet"),
    "/board": ("/board", "/board?view=lanes", "/board?view=list", "/board?status=done"),
    "/board/flow": ("/board/flow",),
    "/board/roadmap": ("/board/roadmap", "/board/roadmap?view=calendar"),
    "/board/workload": ("/board/workload",),
    "/board/items/{item}": ("/board/items/M-1.1",),
    "/cockpit": ("/cockpit", "/cockpit?product=mission-control", "/cockpit?whole=1"),
    "/cockpit/active": ("/cockpit/active",),
    "/cockpit/alerts": ("/cockpit/alerts",),
    "/cockpit/alerts/{alert}": ("/cockpit/alerts/{alert}?product=sample",),
    "/cockpit/dashboards": ("/cockpit/dashboards",),
    "/cockpit/dashboards/{dashboard}": ("/cockpit/dashboards/mornings?product=sample",),
    "/cockpit/funnel": ("/cockpit/funnel?product=sample",),
    "/cockpit/lifecycle": ("/cockpit/lifecycle",),
    "/cockpit/paths": ("/cockpit/paths",),
    "/cockpit/people": ("/cockpit/people?product=sample", "{people}"),
    "/cockpit/products": ("/cockpit/products",),
    "/cockpit/products/{product}": (
        "/cockpit/products/sample",
        "/cockpit/products/mission-control",
    ),
    "/cockpit/retention": ("/cockpit/retention",),
    "/cockpit/trends": ("/cockpit/trends",),
    "/costs": ("/costs",),
    "/decisions": ("/decisions", "/decisions?q=zzz"),
    "/decisions/import": ("/decisions/import",),
    "/decisions/new": ("/decisions/new",),
    "/decisions/{decision}": ("/decisions/{mission}:D1",),
    "/elevations": ("/elevations",),
    "/events": ("/events",),
    "/events/{position}": ("/events/3",),
    "/inbox": ("/inbox", "/inbox?kind=tasks"),
    "/inbox/{item}": ("/inbox/question:{question}", "/inbox/question:{question}?ask=comment"),
    "/logs": ("/logs", "/logs?text=said"),
    "/knowledge": ("/knowledge", "/knowledge?q=cart", "/knowledge?q=zebra+crossing"),
    "/knowledge/patterns": ("/knowledge/patterns",),
    "/memory": ("/memory", "/memory?q=cart"),
    "/memory/{item}": ("/memory/{item}",),
    "/missions": ("/missions",),
    "/missions/new": ("/missions/new", "/missions/new?template=bug-from-stack-trace"),
    "/missions/{mission}": (
        "/missions/{mission}",
        *(f"/missions/{{mission}}?{urlencode(query_of(place))}" for place in VIEWS),
        "/missions/{mission}?view=documents&document=prd",
        "/missions/{mission}?view=documents&document=prd&mode=edit",
        "/missions/{mission}?view=documents&document=prd&mode=diff",
        "/missions/{mission}?view=plan&show=trace&node=requirement:R1",
    ),
    "/missions/{mission}/code": (
        "/missions/{mission}/code?path=README.md&line=1",
        "/missions/{mission}/code",
    ),
    "/questions/{question}": ("/questions/{question}",),
    "/repositories": ("/repositories",),
    "/repositories/{repository}": ("/repositories/{repository}",),
    "/repositories/{repository}/tasks/{task}": ("/repositories/{repository}/tasks/1",),
    "/reviews/{review}": ("/reviews/{change}",),
    "/runs": ("/runs", "/runs?status=failed"),
    "/runs/compare": ("/runs/compare?a={run}&b={failed}",),
    "/runs/{run}": ("/runs/{failed}", *(f"/runs/{{run}}?tab={tab}" for tab in get_args(RunTab))),
    "/runs/{run}/replay": ("/runs/{run}/replay",),
    "/runs/{run}/steps/{step}": ("/runs/{run}/steps/say", "/runs/{failed}/steps/scan"),
    "/schedules": ("/schedules",),
    "/schedules/new": ("/schedules/new?workflow=greet",),
    "/schedules/{name}": ("/schedules/nightly",),
    "/schedules/{name}/edit": ("/schedules/nightly/edit",),
    "/search": ("/search", "/search?q=greet"),
    "/settings/budgets": ("/settings/budgets",),
    "/settings/limits": ("/settings/limits",),
    "/settings/notifications": ("/settings/notifications",),
    "/settings/prices": ("/settings/prices", "/settings/prices?model=gpt-5"),
    "/settings/retention": ("/settings/retention",),
    "/settings/roles": ("/settings/roles",),
    "/settings/sessions": ("/settings/sessions",),
    "/settings/tokens": ("/settings/tokens",),
    "/settings/users": ("/settings/users",),
    "/settings/users/{name}": ("/settings/users/ann",),
    "/settings/webhooks": ("/settings/webhooks",),
    "/settings/webhooks/{name}": ("/settings/webhooks/pager",),
    "/settings/workspace": ("/settings/workspace",),
    "/stop": ("/stop",),
    "/templates": ("/templates",),
    "/workflows": ("/workflows",),
    "/workflows/new": ("/workflows/new",),
    "/workflows/{name}": ("/workflows/greet",),
    "/workflows/{name}/edit": ("/workflows/greet/edit",),
    "/workflows/{name}/start": ("/workflows/greet/start",),
    "/workflows/{name}/versions/{older}/diff/{newer}": ("/workflows/greet/versions/1/diff/2",),
    "/workflows/{name}/versions/{version}": ("/workflows/greet/versions/1",),
}
OUTSIDE = {"/sign-in": "/sign-in", "/sign-in/invited": "{invitation}", "/sign-in/link": "{link}"}
"""The pages that a user sees who is not signed in."""

PARTS = {
    "/agents/sessions/now",
    "/approvals/parts/heading",
    "/approvals/parts/queue",
    "/approvals/{approval}/notice",
    "/artifacts/{digest}/tree",
    "/audit/verification",
    "/board/cards",
    "/cockpit/dashboards/{dashboard}/panels/{place}",
    "/cockpit/panels/{name}",
    "/home/product",
    "/inbox/parts/list",
    "/inbox/parts/notice",
    "/repositories/{repository}/measures",
    "/reviews/{review}/files/{place}",
    "/reviews/{review}/notice",
    "/runs/{run}/part/{tab}",
    "/schedules/preview",
    "/shell",
    "/stage",
}
"""The fragments that htmx fetches into a page, and no user opens."""

MOVES = {"/settings", "/sign-in/oidc/{provider}", "/sign-in/oidc/{provider}/back"}
"""What only leads on to another page."""

PATHS = [
    pytest.param(path, marks=pytest.mark.slow if number else ())
    for paths in PAGES.values()
    for number, path in enumerate(paths)
]
"""The first path of each page; the slow tests add its other forms."""

DIALOGS = """() => [...document.querySelectorAll("main dialog[id]")].map((one) => one.id)"""
"""Those of a page itself; test_frame.py looks at those that all pages have."""

UNFOLD = """() => {
  const folded = [...document.querySelectorAll("main details:not([open])")];
  folded.forEach((one) => { one.open = true; });
  return folded.length;
}"""
"""Opens what a page has folded away, and returns how much there was."""


class Watched(Scene):
    """A scene whose engine lists the sessions of a person."""

    def environment(self) -> dict[str, str]:
        """As `Scene.environment`, with the files of sessions below the folder."""
        names = {"CLAUDE_CONFIG_DIR": "claude", "CODEX_HOME": "codex", "XDG_STATE_HOME": "state"}
        own = {name: str(self.folder / place) for name, place in names.items()}
        return {**super().environment(), **own}


SESSIONS = ("5ad425f2-de07-4c9f-bba4-14ceef22c6e0", "6be536a3-ef18-4dab-8cc5-25dfff33d7f1")
"""One that can be adopted, and one that is."""


def begin_sessions(scene: Scene, directory: str) -> None:
    """Write what Claude Code writes of sessions that wait for their next prompt, and are left."""
    folder = scene.folder / "claude/projects/-shop"
    folder.mkdir(parents=True)
    at = datetime.now(UTC).isoformat()  # noqa: TID251 - the engine looks at it by its own clock
    calls = {"type": "tool_use", "name": "Edit", "input": {"file_path": f"{directory}/codes.py"}}
    said = [calls, {"type": "text", "text": "Codes are checked before the total."}]
    usage = {"input_tokens": 8_400, "output_tokens": 910}
    lines: list[tuple[str, Any]] = [
        ("user", {"content": "Add discount codes to the basket"}),
        ("assistant", {"id": "1", "model": "claude-sonnet-4-5", "content": said, "usage": usage}),
        ("assistant", {"id": "2", "content": said[1:], "stop_reason": "end_turn"}),
    ]
    about = {"cwd": directory, "version": "2.1.329", "gitBranch": "main", "timestamp": at}
    text = "".join(json.dumps({"type": k, "message": m, **about}) + "\n" for k, m in lines)
    for session in SESSIONS:
        (folder / f"{session}.jsonl").write_text(text)


def adopt(scene: Scene) -> str:
    """Adopt a session once both are over, and return the run that recorded it."""
    found = {each["id"]: each["status"] for each in scene.told("agent", "sessions")}
    if [found.get(each) for each in SESSIONS] != ["ended", "ended"]:
        return ""
    run = str(scene.told("agent", "adopt", SESSIONS[1])["run"])
    scene.mission("watch", run)
    return run


@pytest.fixture(scope="module")
def scene(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Begin with a product in which things went wrong lately: the first look comes soon."""
    found = Watched(tmp_path_factory.mktemp("scene"))
    try:
        found.mission("analytics", "seed", "--users", "4000")
        (found.home / "console.toml").write_text("watch_sessions = true\n")
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def ids(scene: Scene) -> dict[str, str]:
    """Do some of everything, and return what stands for the braces of the paths."""
    (scene.folder / "answer.json").write_text(ANSWER, "utf-8")
    boss = ("--kind", "person", "--output", "answer.json")
    scene.mission("agent", "add", "boss", *boss)
    for name, text in {"release": RELEASE, "ask": ASK, "fails": FAILS, "greet": FLOW}.items():
        scene.save(name, text)
    scene.save("greet", FLOW.replace("hello", "good morning"))
    run = str(scene.told("workflow", "run", "greet")["run"])
    failed = str(scene.told("workflow", "run", "fails")["run"])
    scene.told("workflow", "run", "release")
    scene.told("workflow", "run", "ask")
    shop = str(small_repository(scene.folder))
    begin_sessions(scene, shop)
    mission = scene.told("run", DECIDING_GOAL, "--repo", shop)
    cron = ("--cron", "0 2 * * *", "--timezone", "UTC")
    scene.mission("schedule", "add", "nightly", "--workflow", "greet", *cron)
    scene.mission("user", "add", "ann", "--role", "approver")
    for name in ("wide", "calm"):
        scene.mission("agent", "add", name, "--kind", "codex", "--stopped")
    asked = ("--to", "network", "--to", "outside", "--path", "/srv/x", "--for", "2h")
    scene.mission("agent", "elevate", "wide", *asked, "--reason", "npm install needs it.")
    scene.mission("watch", run)
    scene.mission("watch", failed, code=1)
    scene.mission("watch", mission["run"])
    scene.mission("document", "write", mission["run"], "prd")
    repository = scene.told("repo", "init", "--apply", "--repo", shop)["repository"]
    scene.mission("task", "add", "Log in with a code", "--brief", "Why.", "--repo", shop)
    adopted = scene.until(lambda: adopt(scene))
    return {
        "run": run,
        "session": SESSIONS[0],
        "adopted": SESSIONS[1],
        "change": adopted,
        "repository": repository,
        "failed": failed,
        "mission": mission["mission"],
        "item": scene.told("memory", "list")[0]["id"],
        "approval": scene.until(lambda: scene.told("approvals", "list"))[0]["id"],
        "question": scene.until(lambda: scene.told("questions", "list"))[0]["question"],
        "invitation": scene.told("user", "invite", "ann")["link"].removeprefix(scene.url),
        "link": "/sign-in/link?token=none",
    }


@pytest.fixture(scope="module")
def found(scene: Scene, browser: Browser, ids: dict[str, str]) -> dict[str, str]:
    """Add what is only found, or made, on a page."""
    with scene.person(browser, "") as context:
        page = context.new_page()
        page.goto(f"{scene.url}/settings/webhooks")
        page.get_by_role("button", name="New webhook").click()
        dialog = page.get_by_role("dialog", name="New webhook")
        dialog.get_by_label("Name").fill("pager")
        dialog.get_by_label("URL").fill("https://8.8.8.8:9/mission")
        dialog.get_by_role("button", name="Add webhook").click()
        expect(page.locator("#new")).to_contain_text("Secret of pager")
        people = cockpit(page, scene)
        opened = alert(page, scene)
        page.goto(f"{scene.url}/missions/{ids['mission']}?view=artifacts")
        artifact = page.locator("a[href^='/artifacts/']").first.get_attribute("href")
        page.goto(f"{scene.url}/api")
        operation = page.locator("a[href^='/api/operations/']").first.get_attribute("href")
    assert artifact
    assert operation
    return {
        **ids,
        "artifact": artifact,
        "operation": operation.rpartition("/")[2],
        "people": people,
        "alert": opened,
    }


def cockpit(page: Page, scene: Scene) -> str:
    """Save a question to a dashboard, and return where the people behind one of its counts are."""
    page.goto(f"{scene.url}/cockpit/funnel?product=sample")
    page.get_by_role("button", name="Save to a dashboard").click()
    dialog = page.get_by_role("dialog", name="Save to a dashboard")
    dialog.get_by_label("New dashboard name").fill("Mornings")
    dialog.get_by_role("button", name="Save panel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mornings")
    people = page.locator("a[href^='/cockpit/people?']").first.get_attribute("href")
    assert people
    return people


def alert(page: Page, scene: Scene) -> str:
    """Return the first alert that was opened."""

    def listed() -> str | None:
        page.goto(f"{scene.url}/cockpit/alerts?product=sample")
        links = page.locator("main .list a")
        return links.first.get_attribute("href") if links.count() else None

    return str(scene.until(listed)).rpartition("/")[2].partition("?")[0]


def page_routes() -> set[str]:
    """Return every route that answers a browser with a page or a part of one."""
    console: Any = SimpleNamespace()
    return {
        route.path_format
        for route in build(console).routes
        if isinstance(route, HTTPRoute)
        and "GET" in route.methods
        and not route.path_format.startswith(("/api/v1", "/static", "/live"))
        and "Response[str]" in _answer(route)
    }


def _answer(route: HTTPRoute) -> str:
    handler: Any = route.route_handler_map["GET"]
    handler = handler[0] if isinstance(handler, tuple) else handler
    return str(handler.parsed_fn_signature.return_type.annotation).replace("typing.Any", "str")


def test_every_page_that_there_is_is_looked_at() -> None:
    assert page_routes() == {*PAGES, *OUTSIDE} | PARTS | MOVES


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_light_steady_and_for_everybody(
    tab: Tab, found: dict[str, str], path: str
) -> None:
    # The report is in a frame without an origin: axe-core can't ask what is in it.
    tab.expect_fault("postMessage")
    loaded = count_loaded(tab.page)
    page = tab.go(path.format(**found))
    assert sum(loaded.values()) < FIRST_LOAD_BYTES_MAX, loaded
    assert_steady(page)
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).to_be_visible()
    assert_fits_everywhere(page)
    for dialog in page.evaluate(DIALOGS):
        if openers(page, dialog):
            openers(page, dialog)[0].click()
            expect(page.locator(f"dialog#{dialog}")).to_be_visible()
            assert_accessible(page, f"dialog#{dialog}")
            page.keyboard.press("Escape")
            expect(page.locator(f"dialog#{dialog}")).to_be_hidden()
    # What is unfolded contains what was seen before, so axe-core looks at the page once.
    if page.evaluate(UNFOLD):
        assert_fits_everywhere(page)
    # `test_kitchen.py` looks at all that pages are made of in the light, too.
    assert_accessible(page, themes=["dark"])


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_a_page_can_be_read_in_the_light(tab: Tab, found: dict[str, str], path: str) -> None:
    tab.expect_fault("postMessage")
    page = tab.go(path.format(**found))
    page.evaluate(UNFOLD)
    assert_accessible(page, themes=["light"])


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_steady_on_a_phone(phone: Tab, found: dict[str, str], path: str) -> None:
    phone.go(path.format(**found))
    assert_steady(phone.page)


def count_loaded(page: Page) -> dict[str, int]:
    """Return a dictionary that is filled with the compressed bytes of what a page loads."""
    loaded: dict[str, int] = {}

    def count(request: Request) -> None:
        name = request.url.rpartition("/")[2]
        if "/live" not in request.url and not any(each in name for each in (*CHARTS, REPORT)):
            loaded[request.url] = request.sizes()["responseBodySize"]

    page.on("requestfinished", count)
    return loaded


def openers(page: Page, dialog: str) -> list[Any]:
    return [one for one in page.locator(f"[data-open='{dialog}']").all() if one.is_visible()]


def assert_fits_everywhere(page: Page) -> None:
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page)
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize("path", OUTSIDE.values())
def test_the_door_is_for_everybody_in_both_themes(
    scene: Scene, browser: Browser, ids: dict[str, str], path: str
) -> None:
    with new_context(browser) as context, watched(context, scene.url) as tab:
        tab.expect_fault("status of 4")
        page = tab.go(path.format(**ids))
        expect(page.locator("h1")).to_be_visible()
        assert_accessible(page)
        assert_fits_everywhere(page)
