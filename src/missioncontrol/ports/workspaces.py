"""The workspaces of one root, and how a new one begins."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from missioncontrol.domain.workspace import Workspaces


class WorkspaceList(Protocol):
    """The list of the workspaces below a root directory."""

    def read(self) -> Workspaces:
        """Return all workspaces.

        Raises:
            Rejected: `workspace.bad_file`.
        """
        ...

    def change(self, change: Callable[[Workspaces], Workspaces]) -> Workspaces:
        """Write what `change` makes of the workspaces, and return it.

        Raises:
            Rejected: `workspace.bad_file`, or as `change`.
            Unavailable: `workspace.unusable`.
        """
        ...


Begin = Callable[[str, str], Awaitable[str]]
"""Make the data directory of a workspace, with a first admin (name, person).

It returns the secret of their invitation; "" where no person is named.
"""
