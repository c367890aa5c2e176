"""What of the log only auditors are shown: where people were, and how they are known elsewhere.

Readers see who did what and when. From where, with which session and program, how a
provider knows a user, which address a webhook uses (it often is a secret by itself), and what
other workspaces there are stands in the same events; it is for those who may read the log exactly
as it is.
"""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import msgspec

from missioncontrol.domain.envelope import Recorded

WITHHELD: dict[str, tuple[str, ...]] = {
    "request_taken": ("address", "agent", "credential"),
    "user_added": ("subject",),
    "webhook_added": ("url",),
    "workspace_archived": ("workspace",),
    "workspace_created": ("workspace", "person"),
    "workspace_restored": ("workspace",),
}
"""By the kind of event: the fields of its data."""

WORD = "(for auditors)"
"""What stands in place of it. The hash stays that of the event as it is."""


class _Item(Protocol):
    @property
    def type(self) -> str: ...


I = TypeVar("I", bound=_Item)  # noqa: E741 - an item


def shown(row: Recorded, *, exact: bool) -> Recorded:
    """Return an event as the reader may see it; `exact` for those who may audit."""
    if exact or row.type not in WITHHELD:
        return row
    return msgspec.structs.replace(row, body=shown_body(row.type, row.body))


def shown_body(kind: str, body: bytes) -> bytes:
    """Return the data of an event without what is withheld."""
    return msgspec.json.encode(shown_data(kind, msgspec.json.decode(body)))


def shown_data(kind: str, data: Any) -> Any:
    """Return plain data of an event without what is withheld."""
    hidden = WITHHELD.get(kind, ())
    if not isinstance(data, dict):
        return data
    return {name: WORD if name in hidden and value else value for name, value in data.items()}


def not_guessed(items: Iterable[I], text: str, *, exact: bool) -> list[I]:
    """Leave out what a text may have been found in that is withheld: a hit would tell it."""
    return [item for item in items if exact or not text or item.type not in WITHHELD]
