"""A console at work: its gate, what it does beside answering, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from litestar import Litestar

from missioncontrol.adapters.console_file import console_settings
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.secret_stores import secret_store
from missioncontrol.app.console_app import opened, providers, watch
from missioncontrol.interfaces.app import build, copy_for
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.gate import Gate, IsOfStep, refuse_exposure
from missioncontrol.ports.console_settings import ConsoleSettings

Build = Callable[[Console], Litestar]


class ServedConsole(NamedTuple):
    """The console of one home, ready for requests."""

    console: Console
    gate: Gate
    settings: ConsoleSettings


class Applications:
    """Builds the applications of consoles; all but the first are copies, see `copy_for`."""

    def __init__(self) -> None:
        """Build nothing before the first console."""
        self._first: Litestar | None = None

    def __call__(self, console: Console) -> Litestar:
        """Return the application of a console."""
        if self._first is not None:
            return copy_for(self._first, console)
        self._first = build(console, version=import_module("missioncontrol").__version__)
        return self._first


@asynccontextmanager
async def served_console(
    home: Home,
    heads: Path | None = None,
    *,
    url: str,
    address: str,
    is_of_step: IsOfStep,
    build_app: Build,
) -> AsyncIterator[ServedConsole]:
    """Open the console of a home, have it do its own work, and close it afterwards.

    `url` is where people reach it, as far as its settings name no other; `address` is what it
    listens on.

    Raises:
        NotFound: `home.empty`.
        Unavailable: `console.exposed`.
        Corrupt: a file of the home is damaged.
    """
    with opened(home, heads) as console:
        await console.present.catch_up()
        settings = console_settings(home.root / "console.toml")
        secret = secret_store({}, home.root / "secrets.toml").value
        console.people.providers = providers(settings, secret)
        refuse_exposure(address, settings, await console.people.access())
        gate = Gate(build_app(console), console.people, settings, is_of_step=is_of_step)
        console.notifier.url = console.notifier.url or url
        await console.instruments.measuring.start()
        await console.deliveries.start()
        await console.notifier.start()
        beside = [
            asyncio.create_task(console.analytics.tend()),
            asyncio.create_task(watch(console).run()),
        ]
        try:
            yield ServedConsole(console, gate, settings)
        finally:
            for task in beside:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
            await console.live.close()  # Streams would go on until the server cuts them off.
            await console.verifying.close()
            await console.notifier.stop()
            await console.deliveries.stop()
            await console.instruments.measuring.stop()
