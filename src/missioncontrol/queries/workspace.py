"""Queries of the workspaces of a root."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.reader import Reader, opened
from missioncontrol.application.workspaces import listed
from missioncontrol.declarations import ALL, SERVED, ListQuery, NoFilters, Query, Target


class ListedWorkspace(msgspec.Struct, frozen=True):
    """A workspace of the root."""

    name: str
    is_archived: bool  # neither its engine nor its pages are served


async def workspaces(reader: Reader, filters: NoFilters = ALL) -> Sequence[ListedWorkspace]:
    """Return the workspaces of the root, those that are served first.

    Raises:
        NotPermitted, NotFound, Rejected: see `application.workspaces.listed`.
    """
    del filters
    found = listed(reader.workspaces, reader.who.actor, reader.owner).read()
    rows = [ListedWorkspace(each.name, each.archived) for each in found]
    return sorted(rows, key=lambda row: (row.is_archived, row.name))


WORKSPACE = Target(
    noun="workspace",
    path="/workspaces",
    field="name",
    metavar="NAME",
    help="as `mission workspace list` prints it",
)

LIST = ListQuery(
    name="workspace.list",
    title="List workspaces",
    text="List the workspaces of the root, for its owner.",
    permission="administer",
    surfaces=SERVED,  # `mission workspace` works on the files of the root, without any engine.
    target=WORKSPACE,
    filters=NoFilters,
    source=opened,
    find=workspaces,
    row=ListedWorkspace,
    key=lambda row: (row.is_archived, row.name),
    kinds=(bool, str),
)

QUERIES: tuple[Query, ...] = (LIST,)
