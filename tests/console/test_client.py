"""The client works through a real server: it asks once, refuses as the server does, and listens."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.analytics.questions import (
    Cell,
    Did,
    Funnel,
    Pattern,
    Range,
    Segment,
    Step,
)
from missioncontrol.client import Client
from missioncontrol.client.calls import WAITS, get
from missioncontrol.client.line import Line
from missioncontrol.domain.cohorts import Panel
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.errors import Conflict, NotFound, Rejected, Unavailable
from missioncontrol.domain.principal import Role
from missioncontrol.queries.run import RunCounts
from tests.console.houses import House, console_house
from tests.console.mission_house import small_repository
from tests.console.running import FAILING, GREETING
from tests.console.streams import served

T = TypeVar("T")


@asynccontextmanager
async def connected(house: House, *roles: Role) -> AsyncIterator[Client]:
    """Serve a house, and give a client of it; the token says nothing, the server knows us."""
    async with served(house, *(roles or ("admin",))) as plain:
        with Client(str(plain.base_url), "token") as client:
            yield client


def of_client(tmp_path: Path, work: Callable[[Client], T], *roles: Role) -> T:
    """Have `work` use a client, on a thread of its own, and return what it makes."""

    async def live() -> T:
        async with console_house(tmp_path) as house, connected(house, *roles) as client:
            return await asyncio.to_thread(work, client)

    return asyncio.run(live())


def test_a_run_is_begun_watched_and_read(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        assert client.workflows.save(GREETING).is_new
        begun = client.runs.start("greeting", inputs={"name": "Ada"})
        ended = client.runs.wait(begun.run, seconds_max=30)
        assert ended.status == "succeeded"
        assert ended.outputs == {"said": "Hello, Ada.\n"}
        assert [step.step for step in client.runs.steps(begun.run)] == ["greet", "check", "close"]
        assert [run.id for run in client.runs.list(status="succeeded")] == [begun.run]

    of_client(tmp_path, work)


def test_a_run_that_failed_is_retried_and_forked(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        client.workflows.save(GREETING)
        first = client.runs.start("greeting", inputs=FAILING["inputs"]).run  # type: ignore[arg-type]
        assert client.runs.wait(first, seconds_max=30).status == "failed"
        second = client.runs.retry(first).run
        assert client.runs.wait(second, seconds_max=30).status == "failed"
        third = client.runs.fork(first, "check", {"name": "Bob"}).run
        assert client.runs.wait(third, seconds_max=30).status == "succeeded"

    of_client(tmp_path, work)


def test_a_list_is_read_page_by_page_and_no_further_than_somebody_looks(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        client.workflows.save(GREETING)
        begun = [client.runs.start("greeting").run for _ in range(5)]
        runs = client.runs.list()
        page = runs.page(limit=2)
        assert [run.id for run in page.items] == begun[:2:-1]
        assert runs.page(page.next, limit=2).items[0].id == begun[2]
        assert [run.id for run in runs] == begun[::-1]
        assert next(iter(runs)).id == begun[-1]

    of_client(tmp_path, work)


def test_the_same_key_asks_for_the_same_run(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        client.workflows.save(GREETING)
        first = client.runs.start("greeting", key="once")
        assert client.runs.start("greeting", key="once").run == first.run
        assert client.runs.start("greeting").run != first.run
        with pytest.raises(Rejected) as refused:
            client.runs.start("greeting", inputs={"name": "Bob"}, key="once")
        assert refused.value.code == "request.another"

    of_client(tmp_path, work)


def test_what_the_server_refuses_is_raised_as_ours(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        with pytest.raises(NotFound) as unknown:
            client.runs.get("run-none")
        assert unknown.value.code == "run.unknown"
        with pytest.raises(Rejected) as bad:
            client.workflows.save("name: [")
        assert bad.value.code == "workflow.malformed"

    of_client(tmp_path, work)


def test_a_viewer_is_refused_what_needs_more(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        with pytest.raises(Rejected) as refused:
            client.operation.stop("I want to")
        assert refused.value.code == "permission.missing"

    of_client(tmp_path, work, "viewer")


def test_a_silent_server_is_told_of_after_some_tries() -> None:
    waited: list[float] = []
    with closing(ServerLine("http://127.0.0.1:9", "token")) as server:
        line = Line(server, wait=waited.append)
        with pytest.raises(Unavailable) as silent:
            line.ask(get("/run-counts", RunCounts))
    assert silent.value.code == "server.silent"
    assert waited == list(WAITS)


def test_bytes_of_an_artifact_are_checked(tmp_path: Path) -> None:
    async def live() -> None:
        async with console_house(tmp_path) as house, connected(house) as client:
            content = bytes(range(256)) * 40
            digest = house.held.artifacts.put(content)
            assert await asyncio.to_thread(client.artifacts.content, digest) == content
            assert await asyncio.to_thread(client.artifacts.part, digest, 3, 7) == content[3:7]
            place = tmp_path / "saved"
            assert await asyncio.to_thread(client.artifacts.save, digest, place) == len(content)
            assert hashlib.sha256(place.read_bytes()).hexdigest() == digest
            with pytest.raises(NotFound):
                await asyncio.to_thread(client.artifacts.save, "0" * 64, tmp_path / "none")
            assert not (tmp_path / "none").exists()

    asyncio.run(live())


def test_everything_else_can_be_asked_for(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        client.workflows.save(GREETING)
        assert client.schedules.add("nightly", "greeting", "0 3 * * *").schedule.id == "nightly"
        assert client.schedules.pause("nightly").schedule.id == "nightly"
        client.schedules.remove("nightly", "over")
        assert client.budgets.set("workspace", reason="a bound", cost=5_000_000)[0].cap
        assert client.budgets.remove("workspace", reason="none")
        assert client.prices.set("own", input="1.5", output="2", reason="ours")
        assert client.operation.stop("look").stage == "stopped"
        assert client.operation.start("all").may_begin
        assert client.operation.limit("workspace", starts=100, reason="slowly").limits
        assert not client.operation.unlimit("workspace", reason="faster").limits
        declared = {"kind": "command", "settings": {"argv": ["echo", "done"]}}
        assert client.agents.add("helper", declared).agent.name == "helper"
        assert client.agents.stop("helper", "enough").agent.name == "helper"
        client.agents.remove("helper")
        client.agents.add("wide", {"kind": "codex"}, start=False)
        asked = client.agents.elevate("wide", ["network"], reason="npm needs it.", seconds=60.0)
        assert asked.items == list(client.agents.elevations())
        with pytest.raises(Rejected):
            client.agents.approve_elevation("wide", "elevation-1")
        assert not client.agents.end_elevation("wide", "elevation-1").items
        assert client.users.add("bob", roles=["viewer"]).name == "bob"
        assert client.tokens.issue("mine").token
        assert list(client.approvals.list()) == []
        assert list(client.approvals.questions()) == []
        assert client.missions.estimate().missions == 0
        assert client.webhooks.add("hook", "https://8.8.8.8:9/hook").secret
        client.webhooks.remove("hook")
        assert client.search("greeting").hits


def test_a_mission_and_what_is_known_of_it_is_read_and_changed(tmp_path: Path) -> None:
    """Every resource of a mission: documents, trace, decisions, memory, drawings, packs, links."""
    repository = small_repository(tmp_path)

    def work(client: Client) -> None:
        goal = "Keep discount codes of the cart in a SQLite file"
        begun = client.missions.create(goal, repository=str(repository), patterns=False)
        client.runs.wait(begun.run, seconds_max=90)
        inputs = client.runs.get(begun.run).inputs
        assert (inputs["patterns"], inputs.get("memory")) == (False, None)
        mission = begun.mission
        assert client.missions.summary(mission).run == begun.run
        assert client.missions.get(mission).likely
        assert client.missions.blueprint(mission)
        assert "proposed" in {line.kind for line in client.missions.diagrams(mission)}
        assert client.missions.diagram(mission, "proposed").startswith(b"<svg")
        assert client.missions.packs(mission)[0].task == ""
        assert client.missions.pack(mission).startswith(b"#")

        assert client.documents.list(mission)[0].version == 0
        assert client.documents.write(mission, "prd").version == 1
        text = client.documents.get(mission, "prd").text
        edited = client.documents.edit(mission, "prd", f"{text}\nOurs.\n", base=1, note="ours")
        assert edited.version == 2
        with pytest.raises(Conflict) as stale:
            client.documents.edit(mission, "prd", text, base=1)
        assert stale.value.code == "document.stale"
        assert "+Ours." in client.documents.diff(mission, "prd").diff
        assert client.documents.sections(mission, "prd").sections
        assert b"Ours." in client.documents.file(mission, "prd")
        with pytest.raises(NotFound):
            client.documents.settle(mission, "prd", "none", "mine")

        assert client.traces.get(mission).check == client.traces.check(mission)
        with pytest.raises(NotFound) as no_gap:
            client.traces.waive(mission, "risk.unowned:K99", "It is small.")
        assert no_gap.value.code == "gap.unknown"
        with pytest.raises(NotFound):
            client.traces.withdraw(mission, "risk.unowned:K99", "It has grown.")
        risk = client.missions.plan(mission).plan.risks[0].id
        assert client.traces.assign(mission, risk, "Mara Lind").is_new

        share = client.shares.make(begun.run, note="for Ann")
        assert [each.note for each in client.shares.list()] == ["for Ann"]
        assert share.path
        client.shares.revoke(share.id)
        assert list(client.shares.list(run=begun.run)) == []

    of_client(tmp_path, work)


def test_products_are_measured_and_their_use_is_asked_about(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        assert client.products.add("shop", name="Web shop").zone == "UTC"
        assert client.products.change("shop", zone="Europe/Zurich").name == "Web shop"
        assert [each.slug for each in client.products.list()] == ["shop", "mission-control"]
        assert client.products.exclude("shop", people=["*@example.com"]).exclusions.bots
        step = Step(Pattern("order"))
        assert client.products.measure("shop", activation=[step]).key_measures.activated_at == 1
        assert client.products.limit("shop", events_max=1_000).limits.events_max == 1_000
        assert client.products.use("shop").events_max == 1_000
        made = client.products.add_source("shop", "web", kind="browser")
        assert client.products.renew_key("shop", "web").key != made.key
        assert client.products.change_source("shop", "web", is_internal=True).is_internal
        assert client.products.revoke_source("shop", "web").is_revoked
        assert [each.id for each in client.products.sources("shop")] == ["web"]

        days = Range(date(2026, 11, 1), date(2026, 11, 20))
        question = Funnel(product="shop", range=days, steps=(step,))
        answer = client.analytics.ask(question, as_of=datetime(2026, 11, 21, tzinfo=UTC))
        assert (answer.definition, answer.as_of) == ("funnel 1", "2026-11-21T00:00:00Z")
        assert client.analytics.members(question, Cell(step=0)).total == 0
        assert client.analytics.table(question).startswith(b"of,key,")
        assert [each.key for each in client.analytics.kpis("shop", days.since, days.until)] == [
            *("activated_users", "activation_rate", "dau", "wau")
        ]
        assert client.analytics.definitions()
        summary = client.analytics.summary("shop", days.since, days.until, segment=Segment())
        assert (summary.product, summary.written_by) == ("shop", "")
        assert client.analytics.anomalies("shop") == []
        assert list(client.alerts.list("shop", state="unresolved")) == []
        begun = client.analytics.write_summary("shop", days.since, days.until)
        assert client.runs.wait(begun.run).status == "succeeded"
        for asked in (client.alerts.get, client.alerts.acknowledge, client.alerts.resolve):
            with pytest.raises(NotFound):
                asked("shop", "alert-1")

        segment = Segment(did=(Did(Pattern("order")),))
        assert client.products.save_cohort("shop", "fans", "Fans", segment=segment).name == "Fans"
        assert [each.id for each in client.products.cohorts("shop")] == ["fans"]
        client.products.remove_cohort("shop", "fans")
        panel = Panel("Orders", msgspec.json.decode(msgspec.json.encode(question)))
        assert client.products.save_dashboard("shop", "daily", "Daily", [panel]).panels == (panel,)
        assert [each.id for each in client.products.dashboards("shop")] == ["daily"]
        client.products.remove_dashboard("shop", "daily")
        with pytest.raises(NotFound):
            client.products.forget("shop", "nobody")
        assert client.products.events("shop") == b""
        assert client.products.clear("shop").events == 0
        assert client.products.get("shop").forgotten == 0

    of_client(tmp_path, work)


def test_decisions_memory_and_templates_are_read_and_changed(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        first = client.decisions.record(DecisionText("Money is whole cents"))
        second = client.decisions.record(DecisionText("Money is a decimal"), status="accepted")
        assert client.decisions.accept(first.id, "measured").status == "accepted"
        assert client.decisions.supersede(first.id, second.id).status == "superseded"
        assert client.decisions.link(second.id, files=["src/cart.py"]).status == "accepted"
        assert client.decisions.get(second.id).decision.files == ("src/cart.py",)
        assert [each.id for each in client.decisions.list(status="superseded")] == [first.id]
        files = client.decisions.files()
        assert {line.verdict for line in client.decisions.bring(files).lines} == {"unchanged"}
        assert client.decisions.deprecate(second.id).status == "deprecated"
        third = client.decisions.record(DecisionText("Money is a float"))
        assert client.decisions.reject(third.id, "cents are lost").status == "rejected"

        item = client.memory.add("Codes have no case", "The cart compares casefolded codes.").item
        assert client.memory.counts().items == 1
        assert [each.id for each in client.memory.list(kind="lesson")] == [item.id]
        assert [each.item.id for each in client.memory.search("casefolded")] == [item.id]
        assert client.memory.correct(item.id, title="Codes are casefolded").item.is_corrected
        goal = "Compare casefolded codes in the cart " * 500
        assert [each.item for each in client.memory.recall(goal)] == [item.id]
        assert client.memory.expire(item.id, 5.0).item.status == "expired"
        assert client.memory.get(item.id).item.title == "Codes are casefolded"
        assert client.memory.forget(item.id, "wrong").item == item.id
        with pytest.raises(NotFound):
            client.memory.get(item.id)

        key = next(iter(client.templates.list())).template.key
        template = client.templates.get(key).template
        with pytest.raises(Rejected):
            client.templates.fill(key, {})
        assert template.question
        with pytest.raises(NotFound):
            client.missions.create_from("no-such-kind", {}, repository=str(tmp_path))

    of_client(tmp_path, work)


def test_the_record_is_read_searched_and_verified(tmp_path: Path) -> None:
    def work(client: Client) -> None:
        client.workflows.save(GREETING)
        run = client.runs.start("greeting").run
        client.runs.wait(run, seconds_max=30)
        assert "Hello, world." in [line.message for line in client.logs.list(run=run)]
        assert client.audit.verify(seconds_max=60).state == "done"
        assert client.audit.export(tmp_path / "log.jsonl") > 1_000
        assert {request.verb for request in client.audit.requests()} >= {"run.start"}
        assert [hit.run for hit in client.audit.search(type="run_settled")] == [run]
        newest = next(iter(client.events.list(run=run)))
        assert client.events.get(newest.position).event.type == newest.type

    of_client(tmp_path, work)


class CuttingProxy:
    """Passes bytes on to a server, and cuts each connection after so many of the answer."""

    def __init__(self, port: int, after: int) -> None:
        self._port, self._after = port, after
        self.cuts = 0
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(self._pass(reader, back))
        left = self._after
        while left > 0 and (block := await there.read(left)):
            writer.write(block)
            left -= len(block)
        self.cuts += left == 0
        asking.cancel()
        writer.close()
        back.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(65_536):
            writer.write(block)


def test_a_stream_that_breaks_off_a_hundred_times_has_no_gap_and_tells_nothing_twice(
    tmp_path: Path,
) -> None:
    def all_of(port: int, until: int) -> list[int]:
        found: list[int] = []
        with Client(f"http://127.0.0.1:{port}", "token") as client:
            for event in client.events.stream(after=0):
                found.append(event.position)
                if event.position == until:
                    return found
        return found

    def lived(client: Client) -> int:
        client.workflows.save(GREETING)
        for _ in range(20):
            client.runs.wait(client.runs.start("greeting").run, seconds_max=30)
        return client.events.head().position

    async def live() -> None:
        async with console_house(tmp_path) as house, connected(house) as client:
            until = await asyncio.to_thread(lived, client)
            proxy = CuttingProxy(int(client.url.rpartition(":")[2]), after=2_500)
            await proxy.open()
            try:
                assert await asyncio.to_thread(all_of, proxy.port, until) == list(
                    range(1, until + 1)
                )
                assert proxy.cuts >= 100
            finally:
                await proxy.close()

    asyncio.run(live())
