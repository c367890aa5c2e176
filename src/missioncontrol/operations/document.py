"""Operations on documents of missions: write, edit, and settle a conflict."""

from typing import Any

from missioncontrol.application.studio import (
    ChangeDocument,
    CurrentDocument,
    ReviseDocument,
    SettleConflict,
    WriteDocument,
)
from missioncontrol.declarations import Body, Operation
from missioncontrol.queries.document import DOCUMENT, GET
from missioncontrol.queries.mission import NOT_TYPED


def _change(
    command: type[ChangeDocument], name: str, title: str, text: str, **others: Any
) -> Operation[Any, CurrentDocument]:
    """Return an operation on a document; the command line adds an editor and several kinds."""
    return Operation(
        command=command,
        name=f"document.{name}",
        title=title,
        text=text,
        returns=CurrentDocument,
        permission="operate",
        surfaces=NOT_TYPED,
        handle=lambda office, given, actor: office.open_studio().change(given, actor=actor),
        target=DOCUMENT,
        in_query=("run",),
        former="DocumentAsked",
        **others,
    )


WRITE = _change(
    WriteDocument,
    "write",
    "Write a document",
    "Write it from the record as it stands. People's edits stay; conflicts are reported.",
    path="/",  # It stands at the document itself.
)

EDIT = _change(
    ReviseDocument,
    "edit",
    "Edit a document",
    "Keep a text as the next version, made of `base`.",
    method="PUT",
    unless_changed=GET,
    body=Body("TextGiven", "What a document is to say."),
)

SETTLE = _change(
    SettleConflict,
    "settle",
    "Decide a conflict",
    "Settle a conflict: keep a person's text, or replace it with the generated one.",
    operation_id="settle_conflict",
    path="conflicts/{conflict}",
    body=Body("ChoiceGiven", "Whose words stay: a person's (`mine`), or the generated ones."),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (WRITE, EDIT, SETTLE)
