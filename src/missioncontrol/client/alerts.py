"""What stands out in the use of products: alerts from open to resolved."""

import msgspec

from missioncontrol.client.calls import Call, path_of, post
from missioncontrol.client.made.alert import AlertRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.domain.alert import Alert


class StartedMission(msgspec.Struct, frozen=True):
    """The mission that sees to an alert."""

    mission: str
    run: str


class Alerts(AlertRequests[L]):
    """`client.alerts`."""

    @requested
    def acknowledge(self, product: str, alert: str, note: str = "") -> Call[Alert]:
        """Acknowledge it."""
        path = path_of("products", product, "alerts", alert, "acknowledge")
        return post(path, Alert, {"note": note})

    @requested
    def resolve(self, product: str, alert: str, note: str = "") -> Call[Alert]:
        """Resolve it; it opens again only if it comes to weigh more."""
        path = path_of("products", product, "alerts", alert, "resolve")
        return post(path, Alert, {"note": note})

    @requested
    def begin_mission(
        self, product: str, alert: str, repository: str, *, builder: str = "", key: str = ""
    ) -> Call[StartedMission]:
        """Begin a mission on why it changed; `repository` is a path where the server runs."""
        path = path_of("products", product, "alerts", alert, "mission")
        body = {"repository": repository, "builder": builder}
        return post(path, StartedMission, body, key=key)
