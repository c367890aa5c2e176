"""What an engine opens to the outside where its home or its environment asks for it.

The gateway for models, telemetry in and out, and metrics. Nothing of them is imported before.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from missioncontrol.adapters.agents.workshops import Workshops
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.application.agents import Agents
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.gateway_keys import GatewayKeys
from missioncontrol.application.journal import Journal
from missioncontrol.application.operations import Operations
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.registry import Registry

if TYPE_CHECKING:
    from missioncontrol.adapters.telemetry.otlp import OtlpExporter
    from missioncontrol.interfaces.gateway.server import GatewayServer
    from missioncontrol.interfaces.metrics import Metrics
    from missioncontrol.interfaces.telemetry.server import TelemetryServer
    from missioncontrol.ports.call_log import CallLog

OTLP_OUT = "MISSION_OTLP_ENDPOINT"
TELEMETRY_IN = "MISSION_TELEMETRY_PORT"
KNOWN_MAX = 1_000
"""Approvals, the newest, that metrics know from before."""


class House(Protocol):
    """The parts of a home that doors lead to."""

    home: Home
    environment: Mapping[str, str]
    scrubber: Scrubber
    clock: SystemClock
    ids: SystemIds
    journal: Journal
    tables: SqliteReadTables
    output: Output
    engine: Engine
    registry: Registry
    agents: Agents
    budgets: Budgets
    keys: GatewayKeys
    operations: Operations
    workshops: Workshops


class Doors:
    """Opens and closes them."""

    def __init__(self, house: House) -> None:
        """All are shut."""
        self.gateway: GatewayServer | None = None
        self._house = house
        self._calls: CallLog | None = None
        self._otlp: OtlpExporter | None = None
        self._telemetry: TelemetryServer | None = None

    async def open(self) -> None:
        """Open what is asked for.

        Raises:
            Rejected: `gateway.malformed`, `telemetry.bad_endpoint`, `.bad_headers`,
                `.bad_protocol`, `.bad_port` or `.bad_contents`.
            Unavailable: `gateway.port_taken`, `telemetry.not_installed` or `.port_taken`.
        """
        await self.open_gateway()
        if OTLP_OUT in self._house.environment:
            await self._tell_spans()
        if TELEMETRY_IN in self._house.environment:
            await self._take_telemetry_in()

    async def open_gateway(self, port: int | None = None) -> None:
        """Let agents and tools call models through here, where `gateway.toml` says which.

        `port` is on loopback, in place of the one that the file names.

        Raises:
            Rejected, Unavailable: as `open`.
        """
        house = self._house
        if self.gateway is not None or not house.home.gateway.exists():
            return
        from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog
        from missioncontrol.interfaces.gateway.file import read_settings
        from missioncontrol.interfaces.gateway.issued import IssuedKeys
        from missioncontrol.interfaces.gateway.server import GatewayServer

        settings = read_settings(house.home.gateway)
        if settings is None:
            return
        self._calls = SqliteCallLog(house.home.calls)
        gateway = GatewayServer(
            settings.policy,
            settings.upstreams,
            IssuedKeys(house.keys, house.budgets, house.journal, house.ids),
            self._calls,
            secret=house.workshops.secret,
            price=lambda model: house.budgets.prices.price(model, house.clock.now()),
            known=self._models_priced,
            stopped=self._why_no_calls,
            scrub=house.scrubber.bytes,
            risk=lambda assignment: assignment.risk,
            now=house.clock.now,
        )
        wanted = settings.port if port is None else port
        try:
            await gateway.open(wanted)
        except OSError as error:
            raise Unavailable(
                "gateway.port_taken",
                f"The gateway can't listen on port {wanted}: {error.strerror or error}.",
                hint="Name another port, or 0 for one that is free.",
            ) from None
        self.gateway = house.workshops.gateway = gateway
        house.keys.revoked.append(gateway.cut_void)

    def _models_priced(self) -> Iterator[str]:
        yield from self._house.budgets.prices.list.dated
        yield from GenaiPrices().names()

    def _why_no_calls(self) -> str:
        operations = self._house.operations
        return "" if operations.present.may_dispatch else operations.why()

    async def _tell_spans(self) -> None:
        from missioncontrol.adapters.telemetry.otlp import OtlpExporter
        from missioncontrol.adapters.telemetry.settings import otlp_settings
        from missioncontrol.adapters.telemetry.span_queue import Bookmark

        house = self._house
        settings = otlp_settings(house.environment)
        if settings is None:
            return
        self._otlp = OtlpExporter(
            settings,
            secret=house.workshops.secret,
            scrub=house.scrubber.text,
            begun=house.journal.runs.get,
            log=house.journal.store,
            bookmark=Bookmark(house.home.root / "otlp-told"),
        )
        house.engine.listeners.append(self._otlp.take)
        if self.gateway is not None:
            self.gateway.listeners.append(self._otlp.call)
        await self._otlp.open()

    async def _take_telemetry_in(self) -> None:
        from missioncontrol.interfaces.telemetry.attribution import Attribution
        from missioncontrol.interfaces.telemetry.receiver import Receiver
        from missioncontrol.interfaces.telemetry.server import TelemetryServer
        from missioncontrol.interfaces.telemetry.settings import listening_settings

        house = self._house
        settings = listening_settings(house.environment)
        if settings is None:
            return
        attribution = Attribution(house.journal.runs.get)
        receiver = Receiver(
            settings.policy,
            attribution,
            keep=house.output.add,
            scrub=house.scrubber.text,
            now=house.clock.now,
        )
        metrics = self._metrics(receiver.counters())
        key = house.workshops.secret(settings.key) if settings.key else ""
        server = TelemetryServer(receiver, metrics, shared_key=key)
        house.scrubber.add([server.secret])  # A program may show its environment.
        try:
            await server.open(settings.port)
        except OSError as error:
            raise Unavailable(
                "telemetry.port_taken",
                f"Telemetry can't be taken in on port {settings.port}: {error.strerror or error}.",
                hint=f"Name another port in {TELEMETRY_IN}, or 0 for one that is free.",
            ) from None
        house.engine.listeners.extend((attribution.take, metrics.take))
        self._telemetry = house.workshops.telemetry = server

    def _metrics(self, heard: Mapping[str, Callable[[], float]]) -> "Metrics":
        from missioncontrol.interfaces.metrics import Metrics

        house = self._house
        told = self._otlp.counters() if self._otlp is not None else {}
        waiting = self._otlp.gauges() if self._otlp is not None else {}
        metrics = Metrics(
            version=import_module("missioncontrol").__version__,
            now=house.clock.now,
            agents=self._agents_stand,
            caps=house.budgets.caps,
            gauges={"log_bytes": lambda: house.home.log.stat().st_size, **waiting},
            counters={**heard, **told},
        )
        for run in house.tables.unsettled():
            row = house.tables.run(run)
            if row is not None:
                metrics.know(run, row.status)
        for listed in house.tables.all_listed("approval", is_open=True, limit=KNOWN_MAX):
            metrics.know_approval(listed.id)
        if self.gateway is not None:
            self.gateway.listeners.append(metrics.call)
        return metrics

    def _agents_stand(self) -> list[tuple[str, str]]:
        leased = self._house.registry.leased
        return [(each.name, each.status(leased(each.name))) for each in self._house.agents.lives()]

    def told(self) -> list[str]:
        """Return in sentences where it listens."""
        said = []
        if self.gateway is not None:
            said.append(f"The gateway listens on http://127.0.0.1:{self.gateway.port}.")
        if self._telemetry is not None:
            said.append(f"Telemetry and metrics are on http://127.0.0.1:{self._telemetry.port}.")
        return said

    async def close(self) -> None:
        """Cut what goes on, and listen no more; spans are told until `end`."""
        if self.gateway is not None:
            await self.gateway.close()
        if self._calls is not None:
            self._calls.close()
        if self._telemetry is not None:
            await self._telemetry.close()

    async def end(self) -> None:
        """Tell the last spans, once the engine has ended."""
        if self._otlp is not None:
            await self._otlp.close()
