"""The price methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.queries.costs import PriceView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class PriceRequests(Resource[L]):
    """Requests of the operations and queries of price."""

    @listed
    def list(self) -> Pages[PriceView]:
        """Return the prices that people have set, by model and date; a table knows all others."""
        return requests.pages("price.list", {})

    @requested
    def get(self, model: str) -> Call[PriceView]:
        """Return what a model costs now, and the source of the price."""
        return requests.item("price.get", model)

    @requested
    def set(
        self,
        model: str,
        input: str,
        output: str,
        reason: str,
        *,
        cached: str | None = None,
        cache_write: str | None = None,
        valid_from: str = "",
        key: str = "",
        if_match: str = "",
    ) -> Call[PriceView]:
        """Say what a model costs from a date on.

        What is settled keeps the cost that it was settled with.
        """
        return requests.operation(
            "price.set",
            model,
            {
                "input": input,
                "output": output,
                "reason": reason,
                "cached": cached,
                "cache_write": cache_write,
                "valid_from": valid_from,
            },
            key=key,
            if_match=if_match,
        )
