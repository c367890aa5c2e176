"""For each declared operation a request that succeeds, and what has to exist before it."""

import asyncio
import hashlib
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import httpx

from missioncontrol.adapters.os_user import os_user
from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.new_workspace import begin
from missioncontrol.application.agent_runs import RunAgent
from missioncontrol.application.agent_sessions import AdoptAgentSession, ReportSessions
from missioncontrol.application.agents import DeclareAgent, ReplaceAgent
from missioncontrol.application.asks import (
    BeginRun,
    BuildMission,
    CancelMission,
    CancelRun,
    ForkMission,
    ForkRun,
    RaiseCaps,
    ResumeMission,
    ResumeRun,
    RetryMission,
    RetryRun,
    RunMission,
)
from missioncontrol.application.gateway_keys import IssueKeyFor
from missioncontrol.application.repositories import REPOSITORY
from missioncontrol.application.studio import (
    DOCUMENT,
    ReviseDocument,
    SettleConflict,
    WriteDocument,
)
from missioncontrol.domain import workspace
from missioncontrol.domain.access.commands import AccessCommand
from missioncontrol.domain.cohorts import SavedCommand
from missioncontrol.domain.decision import DecisionCommand
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.document import Dispute, GenerateDocument, SignDocument, stream_of
from missioncontrol.domain.gateway_key import KeyCommand
from missioncontrol.domain.inbox import InboxCommand
from missioncontrol.domain.lifecycle.commands import RemoveAgent, Turn
from missioncontrol.domain.memory import MemoryCommand
from missioncontrol.domain.notification import NotificationCommand
from missioncontrol.domain.plan_answers import AnswerQuestions
from missioncontrol.domain.price_list import SetPrice
from missioncontrol.domain.product.commands import ProductCommand
from missioncontrol.domain.repository.commands import RunTasks
from missioncontrol.domain.repository.events import Part, Who
from missioncontrol.domain.retention import RetentionCommand
from missioncontrol.domain.review import ApproveChange, ReviewCommand
from missioncontrol.domain.run.commands import CreateRun, HoldStep, ReportSuccess, StartSteps
from missioncontrol.domain.schedule.commands import ByPeople
from missioncontrol.domain.share import ShareCommand
from missioncontrol.domain.step import ApprovalRule, Step
from missioncontrol.domain.webhook import WebhookCommand
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.domain.work_item.commands import ItemCommand, LimitStage
from missioncontrol.domain.workspace import WorkspaceCommand
from missioncontrol.ports.agent_sessions import Activity
from tests.console.houses import House
from tests.console.mission_house import ended, small_repository
from tests.console.running import GREETING
from tests.domain.repositories import ID

API = "/api/v1"

Prepare = Callable[[httpx.AsyncClient], Awaitable[str]]
"""Makes what the operation is about, and returns its id."""


GOAL = {"goal": "Add discount codes", "context": "a small shop", "execute": False}

NEXT_YEAR = time.time() + 300 * 86_400  # noqa: TID251 - the engine under test has the real clock

YEARLY = {"workflow": "greeting", "cron": "0 0 1 1 *"}
NEW_YEAR = datetime(
    datetime.fromtimestamp(NEXT_YEAR - 300 * 86_400, UTC).year + 1, 1, 1, tzinfo=UTC
).timestamp()
ECHO = {"kind": "command", "settings": {"argv": ["echo", "done"]}}
"""An agent in the words of `agents.toml`."""

PREPARED = "(prepared)"
"""The value of a field that names what was made before."""


async def nothing(client: httpx.AsyncClient) -> str:
    del client
    return ""


async def proposed_decision(client: httpx.AsyncClient) -> str:
    made = await client.post(f"{API}/decisions", json={"text": {"title": "Use SQLite"}})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def inbox_item(client: httpx.AsyncClient) -> str:
    return f"decision:{await proposed_decision(client)}"


async def accepted_decision(client: httpx.AsyncClient) -> str:
    id_ = await proposed_decision(client)
    assert (await client.post(f"{API}/decisions/{id_}/accept")).status_code == 200
    return id_


async def two_decisions(client: httpx.AsyncClient) -> str:
    """The newer one is D1: the first of a fresh log."""
    return await proposed_decision(client)


async def webhook(client: httpx.AsyncClient) -> str:
    """An address that takes nothing: what is done to it ends at once."""
    asked = {"name": "ci", "url": "http://127.0.0.1:9/hook"}
    made = await client.post(f"{API}/webhooks", json=asked)
    assert made.status_code in (201, 409), made.text
    return "ci"


async def notification(client: httpx.AsyncClient) -> str:
    """A chat that takes nothing."""
    asked = {"name": "team", "way": "chat", "to": "http://127.0.0.1:9/hook"}
    made = await client.post(f"{API}/notifications", json=asked)
    assert made.status_code in (201, 422), made.text
    return "team"


async def new_user(client: httpx.AsyncClient) -> str:
    name = f"user-{secrets.token_hex(4)}"
    made = await client.post(f"{API}/users", json={"name": name})
    assert made.status_code == 201, made.text
    return name


async def own_token(client: httpx.AsyncClient) -> str:
    made = await client.post(f"{API}/tokens", json={"name": "ci"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def ended_run(client: httpx.AsyncClient) -> str:
    """Plan a mission, and return the run when it has ended."""
    begun = await client.post(f"{API}/missions", json=GOAL)
    assert begun.status_code == 201, begun.text
    run = str(begun.json()["run"])
    while (await client.get(f"{API}/runs/{run}")).json()["status"] == "running":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return run


GUARDED = """
name: guarded-run
steps:
  ship: {agent: command, risk: irreversible, with: {argv: [echo, x]}}
"""


async def saved_workflow(client: httpx.AsyncClient) -> str:
    """A workflow whose only step waits for an approval."""
    made = await client.post(f"{API}/workflows", json={"text": GUARDED, "file": "guarded.yaml"})
    assert made.status_code in (200, 201), made.text
    return "guarded-run"


async def waiting_run(client: httpx.AsyncClient) -> str:
    asked = {"workflow": await saved_workflow(client)}
    begun = await client.post(f"{API}/runs", json=asked)
    assert begun.status_code == 201, begun.text
    return str(begun.json()["run"])


async def cancelled_run(client: httpx.AsyncClient) -> str:
    run = await waiting_run(client)
    ended = await client.post(f"{API}/runs/{run}/cancel")
    assert ended.status_code == 200, ended.text
    while (await client.get(f"{API}/runs/{run}")).json()["status"] != "cancelled":  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return run


async def planned_mission(client: httpx.AsyncClient) -> str:
    """Plan a mission, and return its item in the inbox."""
    run = await ended_run(client)
    mission = (await client.get(f"{API}/runs/{run}")).json()["mission"]
    return f"plan:{mission}"


async def planned_only(client: httpx.AsyncClient) -> str:
    """Plan a mission, and return it."""
    return await mission_of(client, GOAL)


async def mission_under_way(client: httpx.AsyncClient) -> str:
    begun = await client.post(f"{API}/missions", json={**GOAL, "execute": True})
    assert begun.status_code == 201, begun.text
    return str(begun.json()["mission"])


async def inbox_item_and_user(client: httpx.AsyncClient) -> str:
    """Return an item for another person, who can settle it."""
    made = await client.post(f"{API}/users", json={"name": "carla", "roles": ["operator"]})
    assert made.status_code in (201, 422, 409), made.text
    return await inbox_item(client)


async def share(client: httpx.AsyncClient) -> str:
    made = await client.post(f"{API}/shares", json={"run": await ended_run(client)})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def lesson(client: httpx.AsyncClient) -> str:
    given = {"title": f"Lesson {secrets.token_hex(4)}", "text": "Run the tests first."}
    made = await client.post(f"{API}/memory", json=given)
    assert made.status_code == 201, made.text
    return str(made.json()["item"]["id"])


HOUSES: list[House] = []
"""The home that requests go to, last: for what no route makes."""


async def item(client: httpx.AsyncClient, kind: str) -> str:
    """Plan a mission, and return the key of the newest of its items that is open."""
    await ended_run(client)
    asked: dict[str, Any] = {"kind": kind, "limit": 200}
    found = (await client.get(f"{API}/work-items", params=asked)).json()["items"]
    return str(max(found, key=lambda each: each["created"])["id"])


async def person_item(client: httpx.AsyncClient) -> str:
    """A task that no agent has, and that waits for no other one."""
    key = await item(client, "person_task")
    page = (await client.get(f"{API}/work-items/{key}")).json()
    first = page["needs"][0]["id"] if page["needs"] else key
    return str(first) if page["needs"] and first in await open_people(client) else key


async def open_people(client: httpx.AsyncClient) -> set[str]:
    asked: dict[str, Any] = {"kind": "person_task", "limit": 200}
    found = (await client.get(f"{API}/work-items", params=asked)).json()["items"]
    return {each["id"] for each in found if not each["blocked_by"]}


async def free_item(client: httpx.AsyncClient) -> str:
    """A task of a repository whose process has no documents."""
    return await repository_item("")


async def repository_item(scope: str) -> str:
    do, owner = HOUSES[-1].held.executor.perform, HOUSES[-1].held.command_bus.access.owner
    adopted = {"repository": ID, "path": "/nowhere", "process": {"phases": {}}}
    await do("RepositoryAsked", adopted, owner)
    asked: dict[str, Any] = {"repository": ID, "verb": "add", "title": "Log in"}
    task = (await do("RepositoryTaskAsked", asked, owner))["task"]
    if scope:
        asked = {"repository": ID, "verb": "scope", "task": task, "scope": [scope]}
        await do("RepositoryTaskAsked", asked, owner)
    await HOUSES[-1].console.present.catch_up()
    return f"NOWH-{task}"


async def item_for_a_builder(client: httpx.AsyncClient) -> str:
    """The builder can't start: nothing but the beginning of its run is looked at."""
    del client
    declared = Declaration("coder", "acp", settings={"argv": ["true"]})
    await HOUSES[-1].held.agents.declare(declared, "command", replace=True)
    return await repository_item(f"src/{secrets.token_hex(4)}.py")


async def cancelled_item(client: httpx.AsyncClient) -> str:
    """A task of a mission that was cancelled before it began."""
    begun = await client.post(f"{API}/missions", json={**GOAL, "execute": True})
    run, mission = begun.json()["run"], begun.json()["mission"]
    found: list[Any] = []
    while not found:
        await asyncio.sleep(0.02)
        asked = {"epic": mission, "kind": "task", "status": "planned"}
        found = (await client.get(f"{API}/work-items", params=asked)).json()["items"]
    ended = await client.post(f"{API}/runs/{run}/cancel", json={"reason": "enough"})
    assert ended.status_code == 200, ended.text
    while (await client.get(f"{API}/runs/{run}")).json()["status"] != "cancelled":  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return str(found[-1]["id"])


PRODUCT = "A web app where small shops send invoices to customers and see who paid late"


async def mission_with_questions(client: httpx.AsyncClient) -> str:
    """Plan a new product, whose plan assumes answers."""
    return await mission_of(client, {"goal": PRODUCT, "execute": False})


async def mission_to_build(client: httpx.AsyncClient) -> str:
    """Plan a change of code, which an agent can build."""
    await item_for_a_builder(client)
    root = HOUSES[-1].held.home.root / secrets.token_hex(4)
    repository = await asyncio.to_thread(small_repository, root)
    asked = {"goal": "Add discount codes", "repository": str(repository), "execute": False}
    return await mission_of(client, asked)


async def mission_of(client: httpx.AsyncClient, asked: Mapping[str, Any]) -> str:
    begun = (await client.post(f"{API}/missions", json=asked)).json()
    await ended(HOUSES[-1], begun["run"])
    return str(begun["mission"])


async def written_document(client: httpx.AsyncClient) -> str:
    """Write the requirements of a mission, and return the mission."""
    mission = await mission_of(client, GOAL)
    made = await client.post(f"{API}/missions/{mission}/documents/prd")
    assert made.status_code in (200, 201), made.text
    return mission


async def document_of(client: httpx.AsyncClient) -> str:
    """Write the requirements of a mission, and return the document."""
    return f"{await written_document(client)}/prd"


async def document_in_conflict(client: httpx.AsyncClient) -> str:
    """Write a document again, other than a person has it in one place."""
    mission = await written_document(client)
    journal = HOUSES[-1].held.journal
    run = (await journal.load_mission(mission)).runs[-1]
    stream = stream_of(run, "prd")
    state = await journal.load(DOCUMENT, stream)
    text = b"## Goals\n\nours\n"
    command = GenerateDocument(
        kind="prd",
        run=run,
        mission=mission,
        digest=HOUSES[-1].held.artifacts.put(text),
        characters=len(text),
        generated=HOUSES[-1].held.artifacts.put(text),
        typed=state.typed,
        base=state.newest.number,
        disputes=(Dispute("c1", "Goals", "ours", "theirs"),),
    )
    journal.tell(DOCUMENT, stream, command, actor="engine", correlation=run)
    await journal.durable()
    return f"{mission}/prd"


async def two_items(client: httpx.AsyncClient) -> str:
    """The first task of the repository is the other one."""
    await repository_item("")
    return await repository_item("")


async def begun_item(client: httpx.AsyncClient) -> str:
    """A task that a run carries out, which no engine takes up."""
    del client
    key = await repository_item(f"src/{secrets.token_hex(4)}.py")
    journal, number = HOUSES[-1].held.journal, int(key.rpartition("-")[2])
    run = f"run-{secrets.token_hex(7)}"
    create = CreateRun(run, "tasks", (Step(f"task-{number}", "coder"),), 1, author="user:zoe")
    journal.handle_run(run, create, actor="user:zoe")
    await journal.find(REPOSITORY, ID)
    agents: dict[Part, str] = {"builder": "coder"}
    command = RunTasks(run, (number,), agents, Who("user:zoe"), "mission/main")
    journal.tell(REPOSITORY, ID, command, actor="user:zoe")
    await journal.durable()
    await HOUSES[-1].console.present.catch_up()
    return key


PATCH = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n"
DIGEST = hashlib.sha256(PATCH.encode()).hexdigest()


async def changed_run(client: httpx.AsyncClient) -> str:
    """A run that has ended, and handed in a diff."""
    del client
    return await run_with_diff(is_held=False)


async def held_run(client: httpx.AsyncClient) -> str:
    """A run that has handed in a diff, and waits for an approval of what comes next."""
    del client
    return await run_with_diff(is_held=True)


async def commented_run(client: httpx.AsyncClient) -> str:
    run = await changed_run(client)
    said = {"digest": DIGEST, "text": "Why?", "path": "a.py", "line": 1}
    made = await client.post(f"{API}/reviews/{run}/comments", json=said)
    assert made.status_code == 200, made.text
    return run


async def resolved_run(client: httpx.AsyncClient) -> str:
    run = await commented_run(client)
    done = await client.post(f"{API}/reviews/{run}/resolve", json={"comment": 1})
    assert done.status_code == 200, done.text
    return run


async def run_with_diff(*, is_held: bool) -> str:
    """Write such a run into the log; no engine takes it up."""
    held = HOUSES[-1].held
    journal, approvals = held.journal, held.command_bus.approvals
    run = f"run-{secrets.token_hex(7)}"
    build = Step("build", "coder", inputs={"prompt": "Change it."})
    after = (Step("merge", "merger", needs=("build",), approval=ApprovalRule()),) if is_held else ()
    create = CreateRun(run, "change", (build, *after), 1, author="user:zoe")
    journal.handle_run(run, create, actor="user:zoe")
    journal.handle_run(run, StartSteps(("build",)))
    digest = held.artifacts.put(PATCH.encode())
    ref = ArtifactRef("changes.patch", digest, len(PATCH), "text/x-diff")
    journal.handle_run(run, ReportSuccess("build", 1, Work("Changed.", artifacts=(ref,))))
    if is_held:
        subject = {"run": run, "step": "merge", "inputs": {}}
        rule = ApprovalRule()
        approval, shown = approvals.request(run, "merge", subject, rule, author="user:zoe")
        journal.handle_run(run, HoldStep("merge", approval, shown))
    await journal.durable()
    await HOUSES[-1].console.present.catch_up()
    return run


async def known_agent(client: httpx.AsyncClient) -> str:
    """One that is built in; nothing but the beginning of its run is looked at."""
    del client
    return "planner"


async def root(client: httpx.AsyncClient) -> str:
    """The data directory is one of a root, which serves another workspace, `ops`."""
    del client
    house = HOUSES[-1]
    file = WorkspacesFile(house.held.home.root.parent / "root")
    if not file.read():
        file.change(lambda found: workspace.create(workspace.create(found, "sales"), "ops"))
    house.console.workspaces = house.held.command_bus.workspaces.list = file
    house.held.command_bus.workspaces.begin = lambda name, person: begin(
        file.home(name), person, os_user()
    )
    return "ops"


async def new_agent(client: httpx.AsyncClient) -> str:
    """One that is declared and not started."""
    name = f"agent-{secrets.token_hex(4)}"
    asked = {"name": name, "declared": ECHO, "start": False}
    made = await client.post(f"{API}/agents", json=asked)
    assert made.status_code == 201, made.text
    return name


async def stopped_part(client: httpx.AsyncClient) -> str:
    """A part of the program, which works as soon as it is started."""
    stopped = await client.post(f"{API}/agents/command/stop")
    assert stopped.status_code == 200, stopped.text
    return "command"


async def gateway_key(client: httpx.AsyncClient) -> str:
    name = f"key-{secrets.token_hex(4)}"
    made = await client.post(f"{API}/gateway-keys", json={"name": name})
    assert made.status_code == 201, made.text
    return name


async def outside_session(client: httpx.AsyncClient) -> str:
    """A session of Claude Code that a person of this machine has open."""
    del client
    held, name = HOUSES[-1].held, f"session-{secrets.token_hex(8)}"
    place = Path(held.environment["CLAUDE_CONFIG_DIR"]) / "projects" / "-code"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.jsonl").write_text("{}\n")
    row = Activity(
        session=name,
        program="claude",
        machine=socket.gethostname(),
        directory="/code",
        started=held.clock.now(),
        last=held.clock.now(),
    )
    await held.command_bus.sessions.report(ReportSessions((row,)), actor=f"user:{os_user()}")
    await held.journal.durable()
    return name


TEAM = {"where": [{"property": "plan", "values": ["team"]}]}


async def product(client: httpx.AsyncClient) -> str:
    made = await client.post(f"{API}/products", json={"slug": "shop"})
    assert made.status_code == 201 or made.json()["code"] == "product.exists", made.text
    return "shop"


async def source(client: httpx.AsyncClient) -> str:
    """A source of its own: one that is revoked has no key."""
    id_ = f"source-{secrets.token_hex(4)}"
    place = f"{API}/products/{await product(client)}/sources"
    assert (await client.post(place, json={"id": id_})).status_code == 201
    return f"shop/{id_}"


async def cohort(client: httpx.AsyncClient) -> str:
    place = f"{API}/products/{await product(client)}/cohorts/team"
    saved = await client.put(place, json={"name": "Team", "segment": TEAM})
    assert saved.status_code == 200, saved.text
    return "shop/team"


async def dashboard(client: httpx.AsyncClient) -> str:
    place = f"{API}/products/{await product(client)}/dashboards/daily"
    saved = await client.put(place, json={"name": "Daily", "panels": []})
    assert saved.status_code == 200, saved.text
    return "shop/daily"


async def greeting(client: httpx.AsyncClient) -> str:
    made = await client.post(f"{API}/workflows", json={"text": GREETING})
    assert made.status_code in (200, 201), made.text
    return ""


async def schedule(client: httpx.AsyncClient) -> str:
    await greeting(client)
    name = f"schedule-{secrets.token_hex(4)}"
    made = await client.post(f"{API}/schedules", json={**YEARLY, "name": name})
    assert made.status_code == 201, made.text
    return name


async def known_model(client: httpx.AsyncClient) -> str:
    del client
    return "gpt-4o"


async def paused_schedule(client: httpx.AsyncClient) -> str:
    name = await schedule(client)
    assert (await client.post(f"{API}/schedules/{name}/pause")).status_code == 200
    return name


EXAMPLES: Mapping[str, tuple[Prepare, Mapping[str, Any]]] = {
    "decision.record": (nothing, {"text": {"title": "Use SQLite"}}),
    "decision.accept": (proposed_decision, {"reason": "measured"}),
    "decision.reject": (proposed_decision, {"reason": "too slow"}),
    "decision.deprecate": (accepted_decision, {"reason": "no more"}),
    "decision.supersede": (two_decisions, {"by": "D1", "reason": "measured"}),
    "decision.link": (proposed_decision, {"files": ["src/a.py"]}),
    "run.start": (saved_workflow, {"workflow": PREPARED}),
    "run.cancel": (waiting_run, {"reason": "enough"}),
    "run.resume": (waiting_run, {}),
    "run.retry": (cancelled_run, {"step": "ship"}),
    "run.fork": (cancelled_run, {"step": "ship"}),
    "webhook.add": (nothing, {"name": "new", "url": "http://127.0.0.1:9/hook"}),
    "webhook.renew_secret": (webhook, {}),
    "webhook.pause": (webhook, {"reason": "tea"}),
    "webhook.resume": (webhook, {}),
    "webhook.test": (webhook, {}),
    "webhook.remove": (webhook, {"reason": "moved"}),
    "webhook.redeliver": (webhook, {}),
    "user.add": (nothing, {"name": "carol", "roles": ["viewer"]}),
    "user.change": (new_user, {"roles": ["viewer"]}),
    "user.remove": (new_user, {"reason": "moved on"}),
    "token.issue": (nothing, {"name": "laptop"}),
    "token.revoke": (own_token, {"reason": "leaked"}),
    "memory.add": (nothing, {"title": "Tests", "text": "They need a database."}),
    "memory.forget": (lesson, {"reason": "wrong"}),
    "share.make": (ended_run, {"run": PREPARED}),
    "share.revoke": (share, {"reason": "read"}),
    "retention.bound_output": (nothing, {"bytes": 5_000_000, "reason": "a small disk"}),
    "inbox.snooze": (inbox_item, {"until": NEXT_YEAR}),
    "inbox.dismiss": (planned_mission, {}),
    "inbox.mute": (inbox_item, {}),
    "inbox.restore": (inbox_item, {}),
    "inbox.assign": (inbox_item_and_user, {"to": "carla", "note": "yours"}),
    "inbox.comment": (inbox_item, {"text": "measured"}),
    "notification.add": (nothing, {"name": "me", "way": "email", "to": "me@example.com"}),
    "notification.test": (notification, {}),
    "notification.remove": (notification, {}),
    "work_item.create": (
        free_item,
        {"repository": "nowhere", "title": "Log out", "acceptance": ["It is."], "files": ["a.py"]},
    ),
    "work_item.stop": (begun_item, {"reason": "something else first"}),
    "review.comment": (changed_run, {"digest": DIGEST, "text": "Why?", "path": "a.py", "line": 1}),
    "review.resolve": (commented_run, {"comment": 1}),
    "review.reopen": (resolved_run, {"comment": 1}),
    "review.request_changes": (commented_run, {"digest": DIGEST}),
    "review.approve": (held_run, {"digest": DIGEST, "reason": "read"}),
    "agent.add": (nothing, {"name": "echo", "declared": ECHO, "start": False}),
    "agent.change": (new_agent, {"declared": {**ECHO, "scale": 2}}),
    "agent.start": (stopped_part, {}),
    "agent.stop": (new_agent, {"reason": "tea"}),
    "agent.restart": (stopped_part, {"seconds_max": 1.0}),
    "agent.drain": (new_agent, {"seconds_max": 1.0}),
    "agent.scale": (new_agent, {"scale": 3}),
    "agent.remove": (new_agent, {"reason": "moved on"}),
    "agent.run": (known_agent, {"instruction": "Add discount codes", "cost": 2.5}),
    "work_item.assign": (free_item, {"to": "bob"}),
    "work_item.edit": (free_item, {"priority": "high", "due": "2030-01-31"}),
    "work_item.block": (two_items, {"on": "NOWH-1", "reason": "first things first"}),
    "work_item.unblock": (two_items, {"on": "NOWH-1"}),
    "work_item.start": (free_item, {}),
    "work_item.hand_to_builder": (
        item_for_a_builder,
        {"builder": "coder", "into": "mission/main"},
    ),
    "work_item.retry": (cancelled_item, {}),
    "work_item.finish": (person_item, {"reason": "looked at"}),
    "board.limit": (nothing, {"stage": "building", "limit": 4}),
    "mission.run": (planned_only, {}),
    "mission.cancel": (mission_under_way, {"reason": "enough"}),
    "mission.resume": (mission_under_way, {}),
    "mission.retry": (planned_only, {"task": "plan"}),
    "mission.fork": (planned_only, {"task": "plan"}),
    "document.write": (document_of, {}),
    "document.edit": (document_of, {"text": "Ours.", "base": 1, "note": "shorter"}),
    "document.settle": (document_in_conflict, {"conflict": "c1", "choice": "mine"}),
    "mission.answer": (mission_with_questions, {"answers": ["Q1: Only the owner."]}),
    "mission.build": (mission_to_build, {"builder": "coder"}),
    "mission.sign": (written_document, {"document": "prd", "version": 1}),
    "work_item.drop": (free_item, {"reason": "not wanted"}),
    "agent_session.adopt": (outside_session, {}),
    "workspace.create": (root, {"name": "lab", "person": "carla"}),
    "workspace.archive": (root, {}),
    "workspace.restore": (root, {}),
    "product.add": (nothing, {"slug": "blog", "zone": "Europe/Zurich"}),
    "product.change": (product, {"name": "Web shop", "retention_days": 400}),
    "product.exclude": (product, {"people": ["*@example.com"], "bots": False}),
    "product.limit": (product, {"events_max": 1_000}),
    "product.measure": (product, {"activation": [{"pattern": {"event": "signup"}}]}),
    "product.add_source": (product, {"id": "new", "kind": "browser"}),
    "product.renew_key": (source, {}),
    "product.change_source": (source, {"is_internal": True}),
    "product.revoke_source": (source, {"reason": "moved"}),
    "product.save_cohort": (cohort, {"name": "Team", "segment": TEAM, "note": "paying"}),
    "product.remove_cohort": (cohort, {}),
    "product.save_dashboard": (dashboard, {"name": "Weekly", "panels": []}),
    "product.remove_dashboard": (dashboard, {}),
    "schedule.add": (greeting, {**YEARLY, "name": "yearly", "policy": {"overlap": "queue"}}),
    "schedule.change": (schedule, {**YEARLY, "zone": "Asia/Tokyo", "reason": "Earlier."}),
    "schedule.pause": (schedule, {"reason": "Holidays."}),
    "schedule.resume": (paused_schedule, {}),
    "schedule.skip": (schedule, {"slot": NEW_YEAR}),
    "schedule.run": (schedule, {"reason": "now", "force": True}),
    "schedule.remove": (schedule, {"reason": "over"}),
    "price.set": (known_model, {"input": "2.5", "output": "10", "reason": "our contract"}),
    "gateway_key.issue": (nothing, {"name": "laptop", "models": ["gpt-*"]}),
    "gateway_key.revoke": (gateway_key, {"reason": "lost"}),
}

BEYOND: Mapping[str, Mapping[str, Any]] = {
    "agent_session.adopt": {"mission": "x" * 101},
    "workspace.create": {"name": "x" * 41},
    "gateway_key.issue": {"name": "x" * 101},
    "gateway_key.revoke": {"reason": "x" * 2_001},
    "decision.record": {"text": {"title": "x"}, "files": ["x" * 1_001]},
    "decision.accept": {"reason": "x" * 2_001},
    "decision.reject": {"reason": "x" * 2_001},
    "decision.deprecate": {"reason": "x" * 2_001},
    "decision.supersede": {"by": "x" * 201},
    "decision.link": {"files": ["x"] * 201},
    "run.start": {"workflow": "x" * 301},
    "run.cancel": {"reason": "x" * 2_001},
    "run.retry": {"step": "x" * 2_001},
    "run.fork": {"step": ""},
    "webhook.add": {"name": "x" * 101, "url": "https://example.com"},
    "webhook.pause": {"reason": "x" * 2_001},
    "webhook.remove": {"reason": "x" * 2_001},
    "webhook.redeliver": {"event": 0},
    "user.add": {"name": "x" * 101},
    "user.change": {"roles": ["viewer"] * 11},
    "user.remove": {"reason": "x" * 2_001},
    "token.issue": {"name": "x" * 101},
    "token.revoke": {"reason": "x" * 2_001},
    "memory.add": {"title": "x" * 201, "text": "x"},
    "memory.forget": {"reason": "x" * 2_001},
    "share.make": {"run": "run-1", "seconds": 1.0},
    "share.revoke": {"reason": "x" * 2_001},
    "retention.bound_output": {"bytes": 999_999},
    "inbox.snooze": {"until": -1.0},
    "inbox.assign": {"to": "x" * 201},
    "inbox.comment": {"text": "x" * 4_001},
    "notification.add": {"name": "x" * 101, "way": "email", "to": "me@example.com"},
    "work_item.create": {"repository": "nowhere", "title": "x" * 201},
    "work_item.stop": {"reason": "x" * 2_001},
    "review.comment": {"digest": DIGEST, "text": "x" * 4_001},
    "review.resolve": {"comment": 0},
    "review.reopen": {"comment": 0},
    "review.request_changes": {"digest": "x" * 65},
    "review.approve": {"digest": "x" * 65},
    "agent.add": {"name": "x" * 61, "declared": ECHO},
    "agent.change": {"declared": ECHO, "reason": "x" * 2_001},
    "agent.start": {"reason": "x" * 2_001},
    "agent.stop": {"reason": "x" * 2_001},
    "agent.restart": {"seconds_max": -1.0},
    "agent.drain": {"seconds_max": 700_000.0},
    "agent.scale": {"scale": 0},
    "agent.remove": {"reason": "x" * 2_001},
    "agent.run": {"instruction": "x", "cost": -1.0},
    "work_item.assign": {"to": "x" * 201},
    "work_item.edit": {"labels": ["x" * 41]},
    "work_item.block": {"on": ""},
    "work_item.unblock": {"on": ""},
    "work_item.hand_to_builder": {"builder": "x" * 201},
    "work_item.finish": {"reason": "x" * 2_001},
    "board.limit": {"stage": "building", "limit": -1},
    "mission.cancel": {"reason": "x" * 2_001},
    "mission.retry": {"task": "x" * 2_001},
    "mission.fork": {"task": ""},
    "document.write": {"run": "x" * 301},
    "document.edit": {"text": "", "base": 1},
    "document.settle": {"run": "x" * 301, "conflict": "c1", "choice": "mine"},
    "mission.answer": {"answers": ["Q1: " + "x" * 2_000]},
    "mission.build": {"builder": ""},
    "mission.sign": {"document": "prd", "version": 0},
    "work_item.drop": {"reason": "x" * 2_001},
    "product.add": {"slug": "x" * 41},
    "product.change": {"retention_days": -1},
    "product.exclude": {"people": ["a"] * 201},
    "product.limit": {"events_max": 0},
    "product.measure": {"activation": [{"pattern": {}}] * 11},
    "product.add_source": {"id": "web", "name": "x" * 101},
    "product.change_source": {"name": "x" * 101},
    "product.revoke_source": {"reason": "x" * 2_001},
    "product.save_cohort": {"name": "x" * 101},
    "product.save_dashboard": {"name": "Daily", "panels": [{"title": "a", "question": {}}] * 25},
    "schedule.add": {**YEARLY, "name": "yearly", "policy": {"catch_up": 101}},
    "schedule.change": {"workflow": "", "cron": "@daily"},
    "schedule.pause": {"reason": "x" * 2_001},
    "schedule.resume": {"reason": "x" * 2_001},
    "schedule.skip": {"slot": 0.0},
    "schedule.run": {"reason": "x" * 2_001},
    "schedule.remove": {"reason": "x" * 2_001},
    "price.set": {"input": "1", "output": "2", "reason": ""},
}
"""For each operation of which callers say something, values that break a bound."""

COMMANDS: tuple[tuple[frozenset[type], tuple[str, ...]], ...] = (
    (frozenset(get_args(DecisionCommand)), ("decision",)),
    (frozenset(get_args(WebhookCommand)), ("webhook",)),
    (frozenset((BeginRun, CancelRun, ForkRun, RaiseCaps, ResumeRun, RetryRun)), ("run",)),
    (frozenset(get_args(AccessCommand)), ("user", "token")),
    (frozenset(get_args(MemoryCommand)), ("memory",)),
    (frozenset(get_args(RetentionCommand)), ("retention",)),
    (frozenset(get_args(ShareCommand)), ("share",)),
    (frozenset(get_args(InboxCommand)), ("inbox",)),
    (frozenset(get_args(NotificationCommand)), ("notification",)),
    (frozenset((*get_args(ItemCommand), LimitStage)), ("work_item", "board")),
    (frozenset((*get_args(ReviewCommand), ApproveChange)), ("review",)),
    (
        frozenset(
            (
                RunMission,
                CancelMission,
                ResumeMission,
                RetryMission,
                ForkMission,
                AnswerQuestions,
                BuildMission,
                SignDocument,
            )
        ),
        ("mission",),
    ),
    (frozenset((*get_args(KeyCommand), IssueKeyFor)), ("gateway_key",)),
    (frozenset({AdoptAgentSession, ReportSessions}), ("agent_session",)),
    (frozenset((RunAgent,)), ("agent",)),
    (frozenset(get_args(WorkspaceCommand)), ("workspace",)),
    (frozenset((*get_args(ProductCommand), *get_args(SavedCommand))), ("product",)),
    (frozenset(get_args(ByPeople)), ("schedule",)),
    (frozenset((SetPrice,)), ("price",)),
    (frozenset((*get_args(Turn), RemoveAgent, DeclareAgent, ReplaceAgent, RunAgent)), ("agent",)),
    (frozenset((WriteDocument, ReviseDocument, SettleConflict)), ("document",)),
)
"""The commands of each concept in the domain, and the nouns whose operations give them."""

INSIDE: Mapping[str, str] = {
    "ReviseDecision": "an import finds out that a file says something else",
    "ChangePassword": "the service takes the secret of an invitation, and keeps its digest",
    "CorrectMemory": "the service completes what a correction leaves out",
    "IssueKey": "the service makes the secret of a key, and keeps its digest",
    "IssueToken": "the service makes the secret of a token, and keeps its digest",
    "RemoveOutput": "the engine keeps to the bound",
    "ShareReport": "the service makes the secret of a link",
}
"""Commands that no operation has, and why."""
