"""What the owner of a root may do with its workspaces."""

from typing import Any

from missioncontrol.application.workspaces import WorkspaceNow
from missioncontrol.declarations import SERVED, Body, Operation
from missioncontrol.domain.workspace import ArchiveWorkspace, CreateWorkspace, RestoreWorkspace
from missioncontrol.queries.workspace import WORKSPACE

# `mission workspace` does the same with the files of the root, without any engine.
BY_OWNER: dict[str, Any] = {
    "permission": "administer",
    "surfaces": SERVED,
    "returns": WorkspaceNow,
}

CREATE = Operation(
    **BY_OWNER,
    name="workspace.create",
    title="Create a workspace",
    text="Create a workspace with a data directory of its own.\n\nIt is served within seconds. Its "
    "first admin chooses a password with the invitation, at `/w/NAME/sign-in/invited?token=`.",
    command=CreateWorkspace,
    creates=WORKSPACE,
    shown_once=("invitation",),
    handle=lambda office, command, actor: office.workspaces.create(command, actor=actor),
    body=Body("NewWorkspace", "A workspace that is to be created."),
)

ARCHIVE = Operation(
    **BY_OWNER,
    name="workspace.archive",
    title="Archive a workspace",
    text="Stop the engine and the pages of a workspace. Its data directory stays as it is.",
    command=ArchiveWorkspace,
    target=WORKSPACE,
    handle=lambda office, command, actor: office.workspaces.archive(command, actor=actor),
)

RESTORE = Operation(
    **BY_OWNER,
    name="workspace.restore",
    title="Restore a workspace",
    text="Serve an archived workspace again.",
    command=RestoreWorkspace,
    target=WORKSPACE,
    handle=lambda office, command, actor: office.workspaces.restore(command, actor=actor),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (CREATE, ARCHIVE, RESTORE)
