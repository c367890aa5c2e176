"""The servers that an engine opens where its data directory or its environment asks for them.

The gateway for models, telemetry in and out, and metrics. Each is imported when it opens.
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


class ServerParts(Protocol):
    """The parts of an engine that its servers need."""

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


class OptionalServers:
    """Opens and closes the servers of one engine."""

    def __init__(self, parts: ServerParts) -> None:
        """Start with every server closed."""
        self.gateway: GatewayServer | None = None
        self._parts = parts
        self._calls: CallLog | None = None
        self._otlp: OtlpExporter | None = None
        self._telemetry: TelemetryServer | None = None

    async def open(self) -> None:
        """Open the servers that are configured.

        Raises:
            Rejected: `gateway.malformed`, `telemetry.bad_endpoint`, `.bad_headers`,
                `.bad_protocol`, `.bad_port` or `.bad_contents`.
            Unavailable: `gateway.port_taken`, `telemetry.not_installed` or `.port_taken`.
        """
        await self.open_gateway()
        if OTLP_OUT in self._parts.environment:
            await self._export_spans()
        if TELEMETRY_IN in self._parts.environment:
            await self._receive_telemetry()

    async def open_gateway(self, port: int | None = None) -> None:
        """Open the gateway where `gateway.toml` configures one.

        `port` is on loopback, in place of the one that the file names.

        Raises:
            Rejected, Unavailable: as `open`.
        """
        parts = self._parts
        if self.gateway is not None or not parts.home.gateway.exists():
            return
        from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog
        from missioncontrol.interfaces.gateway.keys import IssuedKeys
        from missioncontrol.interfaces.gateway.server import GatewayServer
        from missioncontrol.interfaces.gateway.settings import read_settings

        settings = read_settings(parts.home.gateway)
        if settings is None:
            return
        self._calls = SqliteCallLog(parts.home.calls)
        gateway = GatewayServer(
            settings.policy,
            settings.upstreams,
            IssuedKeys(parts.keys, parts.budgets, parts.journal, parts.ids),
            self._calls,
            secret=parts.workshops.secret,
            price=lambda model: parts.budgets.prices.price(model, parts.clock.now()),
            known=self._models_priced,
            stopped=self._why_no_calls,
            scrub=parts.scrubber.bytes,
            risk=lambda assignment: assignment.risk,
            now=parts.clock.now,
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
        self.gateway = parts.workshops.gateway = gateway
        parts.keys.revoked.append(gateway.cut_void)

    def _models_priced(self) -> Iterator[str]:
        yield from self._parts.budgets.prices.list.dated
        yield from GenaiPrices().names()

    def _why_no_calls(self) -> str:
        operations = self._parts.operations
        return "" if operations.present.may_dispatch else operations.why()

    async def _export_spans(self) -> None:
        from missioncontrol.adapters.telemetry.otlp import OtlpExporter
        from missioncontrol.adapters.telemetry.settings import otlp_settings
        from missioncontrol.adapters.telemetry.span_queue import Bookmark

        parts = self._parts
        settings = otlp_settings(parts.environment)
        if settings is None:
            return
        self._otlp = OtlpExporter(
            settings,
            secret=parts.workshops.secret,
            scrub=parts.scrubber.text,
            begun=parts.journal.runs.get,
            log=parts.journal.store,
            bookmark=Bookmark(parts.home.root / "otlp-told"),
        )
        parts.engine.listeners.append(self._otlp.take)
        if self.gateway is not None:
            self.gateway.listeners.append(self._otlp.call)
        await self._otlp.open()

    async def _receive_telemetry(self) -> None:
        from missioncontrol.interfaces.telemetry.attribution import Attribution
        from missioncontrol.interfaces.telemetry.policy import listening_settings
        from missioncontrol.interfaces.telemetry.receiver import Receiver
        from missioncontrol.interfaces.telemetry.server import TelemetryServer

        parts = self._parts
        settings = listening_settings(parts.environment)
        if settings is None:
            return
        attribution = Attribution(parts.journal.runs.get)
        receiver = Receiver(
            settings.policy,
            attribution,
            keep=parts.output.add,
            scrub=parts.scrubber.text,
            now=parts.clock.now,
        )
        metrics = self._metrics(receiver.counters())
        key = parts.workshops.secret(settings.key) if settings.key else ""
        server = TelemetryServer(receiver, metrics, shared_key=key)
        parts.scrubber.add([server.secret])  # A program may show its environment.
        try:
            await server.open(settings.port)
        except OSError as error:
            raise Unavailable(
                "telemetry.port_taken",
                f"Telemetry can't listen on port {settings.port}: {error.strerror or error}.",
                hint=f"Name another port in {TELEMETRY_IN}, or 0 for one that is free.",
            ) from None
        parts.engine.listeners.extend((attribution.take, metrics.take))
        self._telemetry = parts.workshops.telemetry = server

    def _metrics(self, received: Mapping[str, Callable[[], float]]) -> "Metrics":
        from missioncontrol.interfaces.metrics import Metrics

        parts = self._parts
        exported = self._otlp.counters() if self._otlp is not None else {}
        waiting = self._otlp.gauges() if self._otlp is not None else {}
        metrics = Metrics(
            version=import_module("missioncontrol").__version__,
            now=parts.clock.now,
            agents=self._agent_statuses,
            caps=parts.budgets.caps,
            gauges={"log_bytes": lambda: parts.home.log.stat().st_size, **waiting},
            counters={**received, **exported},
        )
        for run in parts.tables.unsettled():
            row = parts.tables.run(run)
            if row is not None:
                metrics.know(run, row.status)
        for listed in parts.tables.all_listed("approval", is_open=True, limit=KNOWN_MAX):
            metrics.know_approval(listed.id)
        if self.gateway is not None:
            self.gateway.listeners.append(metrics.call)
        return metrics

    def _agent_statuses(self) -> list[tuple[str, str]]:
        leased = self._parts.registry.leased
        return [(each.name, each.status(leased(each.name))) for each in self._parts.agents.lives()]

    def addresses(self) -> list[str]:
        """Return a sentence with the address of each open server."""
        found = []
        if self.gateway is not None:
            found.append(f"The gateway listens on http://127.0.0.1:{self.gateway.port}.")
        if self._telemetry is not None:
            found.append(f"Telemetry and metrics are on http://127.0.0.1:{self._telemetry.port}.")
        return found

    async def close(self) -> None:
        """Close the servers and their calls; spans are exported until `end`."""
        if self.gateway is not None:
            await self.gateway.close()
        if self._calls is not None:
            self._calls.close()
        if self._telemetry is not None:
            await self._telemetry.close()

    async def end(self) -> None:
        """Export the last spans, once the engine has ended."""
        if self._otlp is not None:
            await self._otlp.close()
