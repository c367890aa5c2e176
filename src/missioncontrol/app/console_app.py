"""What the console of a home is made of, and how its parts meet."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.access.hashing import Argon2Hashes
from missioncontrol.adapters.access.sqlite import SqliteAccess
from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.console_file import console_settings
from missioncontrol.adapters.expressions.lazy import LazyExpressions
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.notices.sqlite import SqliteNotices
from missioncontrol.adapters.os_user import os_user
from missioncontrol.adapters.secret_stores import secret_store
from missioncontrol.adapters.smtp_mailer import SmtpMailer
from missioncontrol.adapters.web_push import WebPusher
from missioncontrol.adapters.webhooks.sender import HttpSender
from missioncontrol.adapters.webhooks.sqlite import SqliteDeliveries
from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.adapters.workflow_files.schema import json_schema
from missioncontrol.adapters.workspaces_file import WorkspacesFile, root_of
from missioncontrol.app.analytics import analytics
from missioncontrol.app.builtin_agents import AGENT_CARDS
from missioncontrol.app.followers import archive
from missioncontrol.app.instruments import instruments
from missioncontrol.app.read_context import ReadContext
from missioncontrol.application.agents import Cards
from missioncontrol.application.analytics.alert_monitor import AlertMonitor
from missioncontrol.application.analytics.alerts import WATCHER, AlertReader, FindingsTaken
from missioncontrol.application.analytics.removal import Submit
from missioncontrol.application.deliveries import Deliveries
from missioncontrol.application.inbox.notifier import Notifier
from missioncontrol.application.live import Live
from missioncontrol.application.queries.shelf import Shelf
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Asking
from missioncontrol.domain.product.commands import RemovalCommand
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.engine_line import EngineLine
from missioncontrol.interfaces.sign_in.people import People
from missioncontrol.interfaces.sign_in.providers import Providers
from missioncontrol.operations.product import FINISH_REMOVAL
from missioncontrol.ports.console_settings import ConsoleSettings, Provider
from missioncontrol.ports.identity_provider import IdentityProvider


@contextmanager
def opened(home: Home, heads: Path | None = None) -> Iterator[Console]:
    """Build the console of a home, and close its files afterwards.

    `heads` is the file outside of it that signed heads are sent to.

    Raises:
        NotFound: `home.empty`.
        Corrupt: a file of the home is damaged.
    """
    with ExitStack() as opening:
        reading = opening.enter_context(closing(ReadContext(home)))
        present = Present(reading.store, reading.tables, reading.output, reading.artifacts)
        access = opening.enter_context(closing(SqliteAccess(home.root / "access.db")))
        clock = SystemClock()
        people = People(access, present, Argon2Hashes(), owner=os_user(), clock=clock)
        root = root_of(home.root)
        start = "mission up" if root is None else f"mission workspace start {home.root.name}"
        line = EngineLine(home.holder, start)
        present.has_engine = lambda: line.is_open
        around = opening.enter_context(instruments(home, present))
        slow = opening.enter_context(archive(home, heads))
        live = Live(present)
        delivery = opening.enter_context(_deliveries(home, present, clock))
        asked = opening.enter_context(closing(analytics(home, reading.store, present.find)))
        asked.submit_removal = _finished(line, present)
        shelf = _shelf(present)
        notifier = opening.enter_context(_notifier(home, present, clock))
        yield Console(
            home.root,
            present,
            live,
            line,
            people,
            shelf,
            around,
            slow,
            delivery,
            asked,
            notifier,
            reading.activities,
            WorkspacesFile(root) if root is not None else None,
        )


def watch(console: Console) -> AlertMonitor:
    """Return who looks after the products of a home; what is found goes to the engine."""

    async def tell(found: FindingsTaken) -> None:
        await _submit(console.line, console.present, type(found).__name__, found)

    return AlertMonitor(console.analytics, AlertReader(console.present.find), tell)


def _finished(line: EngineLine, present: Present) -> Submit:
    """Return what asks the engine to record that an interrupted removal is done."""

    async def tell(done: RemovalCommand) -> None:
        await _submit(line, present, FINISH_REMOVAL.name, done)

    return tell


async def _submit(line: EngineLine, present: Present, verb: str, command: Any) -> None:
    """Ask the engine for what the console itself finds and does, in no user's name."""
    request = f"watch-{command.product}-{secrets.token_hex(8)}"
    asking = Asking(request, (), "token", "console", "")
    await line.ask(verb, msgspec.to_builtins(command), WATCHER, asking)
    await present.catch_up()


def _shelf(present: Present) -> Shelf:
    """Return the saved workflows of a home for its console, checked against the agents there."""
    return Shelf(
        present,
        read=read_all,
        expressions=LazyExpressions(),
        cards=Cards(AGENT_CARDS, Kinds().card),
        calendar=CronCalendar(),
        clock=SystemClock(),
        schema=json_schema,
        aside=asyncio.to_thread,
    )


@contextmanager
def _deliveries(home: Home, present: Present, clock: SystemClock) -> Iterator[Deliveries]:
    """Give out who tells webhooks; where the owner allows it, also those inside of this network."""
    settings = console_settings(home.root / "console.toml")
    with closing(SqliteDeliveries(home.root / "webhooks.db")) as store:
        sender = HttpSender(inside=settings.webhooks_inside)
        yield Deliveries(present, store, sender, now=clock.now)


@contextmanager
def _notifier(home: Home, present: Present, clock: SystemClock) -> Iterator[Notifier]:
    """Give out who sends new items of inboxes, by mail where a server is named."""
    settings = console_settings(home.root / "console.toml")
    secret = secret_store({}, home.root / "secrets.toml").value
    mailer = SmtpMailer(settings.mail, secret) if settings.mail is not None else None
    with closing(SqliteNotices(home.root / "notifications.db")) as store:
        sender = HttpSender(inside=settings.webhooks_inside)
        pusher = WebPusher(home.root / "push-key.pem", sender, clock.now)
        notifier = Notifier(present, store, sender, mailer, pusher, owner=os_user(), now=clock.now)
        notifier.url = settings.url.rstrip("/")
        yield notifier


def providers(settings: ConsoleSettings, secret: Callable[[str], str]) -> Providers:
    """Return those who vouch for people, each with the secret that it knows this console by."""
    clock = SystemClock()
    known: dict[str, tuple[Provider, IdentityProvider]] = {}
    for each in settings.oidc:
        # Most consoles have none, and its libraries are a fifth of what one imports.
        from missioncontrol.adapters.oidc import OidcProvider

        own = secret(each.secret) if each.secret else ""
        known[each.name] = (each, OidcProvider(each, own, clock))
    return Providers(known, clock)
