"""A mission whose every text is hostile, written into the log as an engine would have."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.domain import mission as m
from missioncontrol.domain.plan import (
    Decision,
    Option,
    Phase,
    Plan,
    Requirement,
    Risk,
    Role,
    Task,
)
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import ArtifactRef, Fact, Finding, Work
from missioncontrol.ports.event_store import Append, NewEvent
from missioncontrol.ports.output_store import OutputLine
from tests.console.hostile import ALL, PAYLOADS

MISSION, RUN = "mission-hostile", "run-hostile"
T0 = 1_790_000_000_000_000
DEEP = b"[" * 5_000 + b"]" * 5_000

CONTENTS: dict[str, tuple[str, bytes]] = {
    "notes.md": ("text/markdown", ALL.encode()),
    "data.json": (
        "application/json",
        msgspec.json.encode({text: [text, {text: text}] for text in PAYLOADS}),
    ),
    "deep.json": ("application/json", DEEP),
    "broken.json": ("application/json", b'{"a": <script>alert(1)</script>'),
    "changes.patch": (
        "text/x-diff",
        b"--- a/x\n+++ b/<script>alert(1)</script>\n@@ -1,2 +1,2 @@ <img src=x onerror=alert(1)>\n"
        + b"".join(b"+" + text.replace("\n", " ").encode() + b"\n" for text in PAYLOADS),
    ),
    "page.html": ("text/html", ALL.encode()),
    "drawing.svg": (
        "image/svg+xml",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    ),
    "source.py": ("text/x-python", f"'''{ALL}'''\n".encode()),
    "long.txt": ("text/plain", b"<script>alert(1)</script>" * 20_000),
    "feed.xml": ("application/xml", ALL.encode()),
    "bytes.bin": ("application/octet-stream", bytes(range(256)) * 40),
    "lies.png": ("image/png", ALL.encode()),
    "lies.txt": ("text/plain", b"\0\1\2" + ALL.encode()),
    "empty.txt": ("text/plain", b""),
    '"><img src=x onerror=alert(1)>.md': ("text/markdown", b"# Name"),
}


def write_hostile_mission(root: Path) -> dict[str, str]:
    """Write it into the home under `root`; return the digests of its artifacts by name."""
    home = Home(root / "home")
    home.make()
    artifacts = FolderArtifactStore(home.artifacts)
    digests = {name: artifacts.put(content) for name, (_, content) in CONTENTS.items()}
    output = SqliteOutputStore(home.output, writable=True)
    lines = [
        OutputLine(RUN, text, 1, T0 + place, "info", text) for place, text in enumerate(PAYLOADS)
    ]
    output.write(lines)
    output.close()
    write_events(home, RUN, _events(digests), actor=f"user:{PAYLOADS[0]}")
    return digests


def write_events(
    home: Home, run: str, events: list[tuple[str, Any]], *, actor: str = "user:ann"
) -> None:
    """Write events into the log of a home, each with its stream."""
    # A browser's test has a loop of its own on this thread.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(_append(home, run, events, actor))).result()


async def _append(home: Home, run: str, events: list[tuple[str, Any]], actor: str) -> None:
    store = SqliteEventStore(home.log, writable=True)
    versions: dict[str, int] = {}
    for place, (stream, event) in enumerate(events):
        name, schema = NAMES[type(event)]
        body = msgspec.json.encode(event)
        new = NewEvent(name, schema, body, T0 + place * 1_000, actor, "", 0, run)
        await store.append([Append(stream, versions.get(stream, 0), [new])])
        versions[stream] = versions.get(stream, 0) + 1
    store.close()


def _events(digests: dict[str, str]) -> list[tuple[str, Any]]:
    plan = hostile_plan()
    keys = [task.key for task in plan.tasks()]
    steps = tuple(Step(key, ALL[:200], title=ALL) for key in keys)
    refs = tuple(
        ArtifactRef(name, digests[name], len(content), media_type, title=ALL, obtained=ALL)
        for name, (media_type, content) in CONTENTS.items()
    )
    findings = tuple(Finding(text, "high", text, text, 1, text, text, text) for text in PAYLOADS)
    facts = (Fact(ALL, ALL, ALL, "notes.md", "/x", ALL),)
    work = Work(ALL, {"next_steps": list(PAYLOADS)}, facts, findings, refs)
    failure = r.Failure("x.y", ALL, ALL)
    created = m.MissionCreated(MISSION, ALL[:250], ALL, f"/tmp/{PAYLOADS[2]}", ALL, PAYLOADS)
    inputs = {"goal": ALL, "execute": True, "builder": PAYLOADS[0]}
    first = Step("plan", "planner", title=ALL)
    return [
        (MISSION, created),
        (
            RUN,
            r.RunCreated(
                RUN,
                "mission",
                (first, *steps),
                4,
                inputs=inputs,
                mission=MISSION,
                author=f"user:{PAYLOADS[0]}",
            ),
        ),
        (MISSION, m.MissionStarted(RUN)),
        (RUN, r.RunStarted()),
        (RUN, r.StepStarted("plan", 1, 1, "planner")),
        (RUN, r.StepSucceeded("plan", 1, Work(ALL))),
        (MISSION, m.PlanAccepted(RUN, plan)),
        (RUN, r.StepStarted(keys[0], 1, 2, ALL[:200])),
        (RUN, r.StepSucceeded(keys[0], 2, work, (r.Check(ALL, True, ALL),))),
        (RUN, r.StepStarted(keys[1], 1, 3, ALL[:200])),
        (RUN, r.StepFailed(keys[1], 3, failure, (r.Check(ALL, False, ALL),))),
        (RUN, r.RunSettled("failed")),
        (MISSION, m.MissionSettled(RUN, "failed")),
    ]


def hostile_plan() -> Plan:
    """Return a plan with every text hostile that a plan may have."""
    roles: tuple[Role, ...] = ("reviewer", "writer")
    tasks = tuple(
        Task(
            f"task-{number}",
            ALL,
            ALL,
            role,
            acceptance=PAYLOADS,
            requirements=(PAYLOADS[0],),
            decisions=(PAYLOADS[1],),
            risks=(PAYLOADS[2],),
        )
        for number, role in enumerate(roles, start=1)
    )
    return Plan(
        ALL,
        ALL[:200],
        ALL,
        (ALL,),
        (ALL,),
        (Phase(ALL[:100], ALL, ALL, tasks),),
        (Requirement(PAYLOADS[0], ALL, source=ALL),),
        (Risk(PAYLOADS[2], ALL, "high", "low", ALL, ALL),),
        (Decision(PAYLOADS[1], ALL, ALL, ALL, ALL, (Option(ALL, ALL),)),),
        questions=(ALL,),
        obtained=ALL,
    )
