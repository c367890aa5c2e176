"""Queries of artifacts: the list of those that a run left."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import artifacts
from missioncontrol.application.queries.artifacts import ArtifactRow
from missioncontrol.application.read_model import Present
from missioncontrol.declarations import EVERYWHERE, ListQuery, Query, Target


class ArtifactFilters(msgspec.Struct, frozen=True):
    """Whose artifacts are wanted."""

    run: Annotated[str, Meta(min_length=1, max_length=300, description="Whose they are.")]
    step: Annotated[str, Meta(max_length=2_000, description="Only of this step.")] = ""


async def artifacts_after(
    present: Present, filters: ArtifactFilters, place: tuple[Any, ...] | None, limit: int
) -> list[ArtifactRow]:
    """Return artifacts of a run after the one at `place`.

    Raises:
        NotFound: `run.unknown`.
    """
    state = await artifacts.run_of(present, filters.run)
    after = (place[0], place[1]) if place else None
    return artifacts.artifacts_of(state, step=filters.step, after=after, limit=limit)[0]


LIST = ListQuery(
    name="artifact.list",
    title="List the artifacts of a run",
    text="Return what the steps of a run left, in the order of the steps.",
    target=Target(noun="artifact", path="/artifacts", help="the SHA-256 of its bytes"),
    filters=ArtifactFilters,
    find_after=artifacts_after,
    row=ArtifactRow,
    key=lambda row: (row.step, row.number),
    kinds=(str, int),
    surfaces=EVERYWHERE - {"cli"},  # `mission runs artifacts` also writes the files.
)

QUERIES: tuple[Query, ...] = (LIST,)
