"""The gateway_key methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence

from missioncontrol.application.gateway_keys import KeyShown
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.operations.gateway_key import KeyVoid
from missioncontrol.queries.gateway_key import KeyView


class GatewayKeyRequests(Resource[L]):
    """Requests of the operations and queries of gateway_key."""

    @listed
    def list(self) -> Pages[KeyView]:
        """Return the keys with which tools call models through the gateway, by name."""
        return requests.pages("gateway_key.list", {})

    @requested
    def get(self, name: str) -> Call[KeyView]:
        """Return what a key permits."""
        return requests.item("gateway_key.get", name)

    @requested
    def issue(
        self,
        name: str,
        *,
        agent: str = "",
        run: str = "",
        models: Sequence[str] = (),
        seconds: float = 0.0,
        calls_per_minute: int = 0,
        key: str = "",
    ) -> Call[KeyShown]:
        """Return a key with which a tool calls models through the gateway, under every cap."""
        return requests.operation(
            "gateway_key.issue",
            "",
            {
                "name": name,
                "agent": agent,
                "run": run,
                "models": models,
                "seconds": seconds,
                "calls_per_minute": calls_per_minute,
            },
            key=key,
        )

    @requested
    def revoke(self, name: str, reason: str = "", *, key: str = "") -> Call[KeyVoid]:
        """Make a key void; calls that go on with it are cut."""
        return requests.operation("gateway_key.revoke", name, {"reason": reason}, key=key)
