"""Search as a resource of the API."""

from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from missioncontrol.application.queries.search import SearchResults, search_everything
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs

WORDS_MAX = 300

SearchText = Annotated[
    str, QueryParameter(max_length=WORDS_MAX, description="Words; what is found holds all of them.")
]


@get("/search", summary="Search everything", **needs("read"))
async def search(
    console: NamedDependency[Console], principal: NamedDependency[Principal], q: SearchText = ""
) -> SearchResults:
    """Return the newest things whose names have these words, and events that say them."""
    return await search_everything(
        console.present, console.archive, q, exact=principal.may("audit")
    )


HANDLERS: list[Any] = [search]
