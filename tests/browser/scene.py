"""A home with `mission up` at work, and tabs of a real browser that notice what goes wrong."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests import prefork
from tests.prefork import SOURCE

AXE = (Path(__file__).parent / "axe.js").read_text("utf-8")
START_SECONDS_MAX = 120.0
END_SECONDS_MAX = 60.0
LINK = re.compile(rb"http://[^ ]+/sign-in/link\?token=[\w-]+")
DESKTOP = (1440, 900)
TABLET = (1024, 768)
PHONE = (390, 844)
PASSWORD = "correct horse battery"

expect.set_options(timeout=60_000)

POLICY = """
window.__refused = [];
addEventListener("securitypolicyviolation", (event) => {
  const { violatedDirective, blockedURI, sourceFile, lineNumber } = event;
  window.__refused.push(`${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber}`);
});
"""


RULES = "{resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}"
"""All of axe-core's usual rules, and that of WCAG 2.2 AA, which it leaves off by itself."""

COLOUR_RULES = "{resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block']}"
"""Those that read colours. A theme changes nothing else, so its second look needs no other."""

SHIFT_MAX = 0.1
SHIFTS = """
window.__shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const moved = entry.sources.map(({ node, previousRect: a, currentRect: b }) =>
      [(node?.outerHTML ?? node?.nodeValue ?? "gone").slice(0, 90), a.toJSON(), b.toJSON()]);
    window.__shifts.push({ value: entry.value, moved });
  }
}).observe({ type: "layout-shift", buffered: true });
"""


class Scene:
    """One home, its engine and its console."""

    def __init__(self, folder: Path) -> None:
        """`folder` is empty; the home is `home` in it."""
        self.folder = folder
        self.home = folder / "home"
        self.url = ""
        self._link = ""
        self._up: subprocess.Popen[bytes] | None = None
        self._said = b""
        self._sessions: dict[str, Any] = {}
        self._listening = threading.Thread()

    def start(self, *options: str) -> None:
        """Begin `mission up`, and wait until its console answers."""
        command = ["up", "--home", str(self.home)]
        self._up = prefork.start(
            [*command, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment(),
        )
        ready = threading.Event()
        self._listening = threading.Thread(target=self._listen, args=(ready,), daemon=True)
        self._listening.start()
        assert ready.wait(START_SECONDS_MAX), self._said.decode()
        found = LINK.search(self._said)
        assert found is not None, self._said.decode()
        self._link = found[0].decode()
        self.url = self._link.partition("/sign-in/")[0]

    def environment(self) -> dict[str, str]:
        """Return the environment of programs of this scene, without the machine's settings."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = {"MISSION_CONSOLE": "on", "TZ": "UTC"}
        return {**inherited, "PYTHONPATH": str(SOURCE), "LANG": prefork.LANG, **own}

    def _listen(self, ready: threading.Event) -> None:
        assert self._up is not None
        assert self._up.stdout is not None
        for line in self._up.stdout:
            self._said += line
            if LINK.search(line):
                ready.set()
        ready.set()

    def mission(self, *arguments: str, code: int = 0) -> str:
        """Run a verb of the command line on this home, and return what it prints."""
        done = prefork.run(
            [*arguments, "--home", str(self.home)],
            {**self.environment(), "MISSION_CONSOLE": "off"},
            cwd=self.folder,
            timeout=START_SECONDS_MAX,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{out}{err}"
        return out

    def told(self, *arguments: str) -> Any:
        """Run a verb with `--json`, and return its answer."""
        return json.loads(self.mission(*arguments, "--json"))

    def until(self, found: Callable[[], Any]) -> Any:
        """Return the first answer of `found` that is not empty."""
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            if answer := found():
                return answer
            time.sleep(0.1)
        raise AssertionError("What was waited for did not come.")

    def save(self, name: str, text: str) -> None:
        """Save a workflow."""
        path = self.folder / f"{name}.yaml"
        path.write_text(text, "utf-8")
        self.mission("workflow", "save", str(path))

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self._up is None:
            return
        self._up.send_signal(signal.SIGINT)
        try:
            self._up.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._up.kill()
            self._up.wait()
        self._listening.join(END_SECONDS_MAX)
        assert self._up.stdout is not None
        self._up.stdout.close()

    def person(self, browser: Browser, name: str, *roles: str, **options: Any) -> BrowserContext:
        """Return a context with a signed-in person: the owner where there are no roles.

        The owner comes by the link, others by an invitation for which they choose a password; each
        comes in once, and has the same session in every context.
        """
        context = new_context(browser, storage_state=self._sessions.get(name), **options)
        if name not in self._sessions:
            if roles:
                self._accept_invitation(context, name, roles)
            else:
                assert context.request.get(self._link).ok
            self._sessions[name] = context.storage_state()
        return context

    def _accept_invitation(
        self, context: BrowserContext, name: str, roles: tuple[str, ...]
    ) -> None:
        page = context.new_page()
        chosen = [part for role in roles for part in ("--role", role)]
        self.mission("user", "add", name, *chosen)
        page.goto(self.told("user", "invite", name, "--url", self.url)["link"])
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("Repeat password").fill(PASSWORD)
        page.get_by_role("button", name="Set password and sign in").click()
        expect(page.locator("nav.nav")).to_be_visible()
        # A page that is closed as it loads may never say that it is closed.
        page.goto("about:blank")
        page.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a context of a person at a desk, whose tabs note what the policy refuses."""
    width, height = options.pop("size", DESKTOP)
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC", **options
    )
    context.add_init_script(POLICY)
    context.add_init_script(SHIFTS)
    return context


MOUNTED = "() => document.documentElement.dataset.islands !== 'mounting'"


class Tab:
    """A page, and all that must not happen on it."""

    def __init__(self, page: Page, url: str) -> None:
        """Watch `page` from now on."""
        self.page = page
        self.url = url
        self.faults: list[str] = []
        # The report stands in a frame without scripts, so those of `new_context` are refused there.
        self._expected = [re.compile("Blocked script execution in .*/report")]
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"unhandled: {error}"))

    def go(self, path: str) -> Page:
        """Open a page of the console."""
        self.page.goto(self.url + path, wait_until="load")
        return self.page

    def go_by_keys(self, path: str) -> Page:
        """Open a page, and wait until its islands, which are loaded later, answer to keys."""
        page = self.go(path)
        page.wait_for_function(MOUNTED)
        return page

    def expect_fault(self, pattern: str) -> None:
        """Accept this message without failing the test: a browser reports each refusal."""
        self._expected.append(re.compile(pattern))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            self.faults.append(f"{message.type}: {message.text} {where}")

    def check(self) -> None:
        """Fail where anything went wrong that was not expected."""
        refused = [] if self.page.is_closed() else self.page.evaluate("window.__refused ?? []")
        found = [*self.faults, *(f"policy: {each}" for each in refused)]
        assert not [
            each for each in found if not any(one.search(each) for one in self._expected)
        ], found


def faults_of(page: Page, part: str | None = None, rules: str = RULES) -> list[str]:
    """Return what axe-core finds on a page as it is now, or in the part with a selector."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(f"(part) => axe.run(part ?? document, {rules})", part)
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for each in found["violations"]
        for node in each["nodes"][:5]
    ]


Theme = Literal["dark", "light"]
RULES_OF: dict[Theme, str] = {"dark": RULES, "light": COLOUR_RULES}


def assert_accessible(
    page: Page, part: str | None = None, themes: Iterable[Theme] = ("dark", "light")
) -> None:
    """Check a page, or the part with a selector, with axe-core in these themes."""
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = faults_of(page, part, RULES_OF[theme])
        assert not found, f"{page.url} in {theme}: {'; '.join(found)}"


def assert_steady(page: Page) -> None:
    """See that nothing of a page jumps while its parts load.

    All shifts are added up, which is more than the measure of the web vitals, their worst burst.
    """
    page.wait_for_load_state("networkidle")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    shifts = page.evaluate("window.__shifts")
    total = sum(each["value"] for each in shifts)
    assert total < SHIFT_MAX, f"{page.url} shifts by {total:.3f}: {shifts}"


TOO_WIDE = """() => [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(-5).map((one) => one.outerHTML.slice(0, 120))"""
"""Shows what hangs out at the side of a page."""


def assert_fits(page: Page) -> None:
    """See that nothing of a page hangs out at its side, once it is drawn at its present size."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    wide = page.evaluate(
        """() => [document.documentElement, document.querySelector("main")].map(
            (one) => one.scrollWidth - one.clientWidth)"""
    )
    assert max(wide) <= 0, (
        f"{page.url} is {wide} px too wide at {page.viewport_size}: {page.evaluate(TOO_WIDE)}"
    )


@contextmanager
def watched(context: BrowserContext, url: str) -> Iterator[Tab]:
    """Open a tab that fails its test when something goes wrong on it."""
    tab = Tab(context.new_page(), url)
    yield tab
    tab.check()
