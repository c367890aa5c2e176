"""Information for authors of a workflow: its faults, and what is available."""

from collections.abc import Iterable
from typing import Any

import msgspec

from missioncontrol.application.queries.shelf import Shelf
from missioncontrol.domain.agent import MEANINGS, AgentCard
from missioncontrol.domain.definition import Fault
from missioncontrol.domain.step import Risk

FAULTS_SHOWN_MAX = 200


class Checked(msgspec.Struct, frozen=True):
    """What is wrong with a text."""

    faults: list[Fault]  # from the top; none where it can be saved
    count: int  # of all faults, where not all are listed
    name: str  # of the workflow, empty where it is unknown
    newest: int  # version that is saved under that name, 0 for none


class AgentOffer(msgspec.Struct, frozen=True):
    """An agent that a step can name."""

    name: str
    kind: str
    description: str
    capabilities: tuple[str, ...]
    inputs: dict[str, str]  # what `with` takes, and what it is
    required: tuple[str, ...]
    tier: Risk


class Palette(msgspec.Struct, frozen=True):
    """What a new step can be made of."""

    agents: list[AgentOffer]
    capabilities: list[str]
    workflows: list[str]
    effects: dict[str, str]  # what each means


async def check(shelf: Shelf, text: str, filename: str) -> Checked:
    """Return all that keeps a text from being saved, with lines."""
    definition, faults = await shelf.faults(text, filename)
    name = definition.name if definition else ""
    shown = faults[:FAULTS_SHOWN_MAX]
    return Checked(shown, len(faults), name, await shelf.version_of(name) if name else 0)


async def palette(shelf: Shelf) -> Palette:
    """Return what a new step can be made of."""
    cards = shelf.cards()
    return Palette(
        [_offer(card) for card in cards.values()],
        sorted({name for card in cards.values() for name in card.capabilities}),
        list(await shelf.listed()),
        {name: effect.meaning for name, effect in MEANINGS.items()},
    )


def _offer(card: AgentCard) -> AgentOffer:
    fields: Iterable[tuple[str, Any]] = card.inputs.fields.items()
    return AgentOffer(
        card.name,
        card.kind,
        card.description,
        card.capabilities,
        {name: f"{field.kind}. {field.description}".strip() for name, field in fields},
        tuple(
            name
            for name, field in card.inputs.fields.items()
            if field.required and name not in card.from_run
        ),
        card.risk,
    )
