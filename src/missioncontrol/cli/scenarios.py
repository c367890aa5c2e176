"""Finds the scenarios that a command line names: those that ship, and files of others."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from missioncontrol.adapters.snapshots import brought
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.evaluation.scenario import Scenario
from missioncontrol.evaluation.scenario_files import scenario_of
from missioncontrol.ports.trials import Files

FILE = "scenario.toml"
BYTES_MAX = 4 * 1024 * 1024


def shipped() -> dict[str, str]:
    """Return the texts of the scenarios that ship, by id."""
    place = files("missioncontrol.evaluation").joinpath("scenarios")
    found = {each.name.removesuffix(".toml"): each for each in place.iterdir()}
    return {name: found[name].read_text("utf-8") for name in sorted(found)}


async def scenarios_of(names: Sequence[str]) -> list[Scenario]:
    """Return the scenarios that are named, or all that ship.

    Raises:
        NotFound: `scenario.unknown`.
        Rejected: `scenario.malformed`, `scenario.twice` and what the snapshot is refused for.
    """
    known = shipped()
    found = [await _found(name, known) for name in names or known]
    ids = [each.id for each in found]
    if twice := next((each for each in ids if ids.count(each) > 1), ""):
        raise Rejected(
            "scenario.twice",
            f"Scenario {twice!r} is named twice.",
            hint="Name each once; --repeat tries it more often.",
        )
    return found


async def _found(name: str, known: dict[str, str]) -> Scenario:
    if name in known:
        return await _read(known[name], name, Path())
    return await _read(*await asyncio.to_thread(_opened, name))


def _opened(name: str) -> tuple[str, str, Path]:
    """Return the text of a scenario, what people know it by, and the directory it lies in."""
    path = Path(name)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise NotFound(
            "scenario.unknown",
            f"There is no scenario {name!r}: none that ships is called so, and there is no such "
            "file.",
            hint="`mission eval scenarios` names those that ship.",
        )
    if path.stat().st_size > BYTES_MAX:
        raise Rejected("scenario.malformed", f"{name}: it has more than {BYTES_MAX:,} bytes.")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected("scenario.malformed", f"{name}: it is no UTF-8: {error.reason}.") from None
    return text, str(path), path.parent


async def _read(text: str, name: str, folder: Path) -> Scenario:
    """Read a scenario; what lies beside it is fetched first, for that takes git and time."""
    wanted: list[str] = []

    def note(source: str) -> Files:
        wanted.append(source)
        return {}

    try:
        scenario_of(text, name, note)
    except Rejected:
        if not wanted:
            raise
    there = {each: await brought(folder, each) for each in wanted}
    return scenario_of(text, name, lambda source: there[source])


def view(scenario: Scenario) -> dict[str, object]:
    """Return the view of a scenario in a list."""
    caps = msgspec.to_builtins(scenario.caps)
    return {
        "id": scenario.id,
        "title": scenario.title,
        "language": scenario.language,
        "files": len(scenario.files),
        "checks": [check.name for check in scenario.checks],
        "caps": caps,
    }
