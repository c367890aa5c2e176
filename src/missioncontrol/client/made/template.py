"""The template methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.templates import TemplateFile
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class TemplateRequests(Resource[L]):
    """Requests of the operations and queries of template."""

    @listed
    def list(self) -> Pages[TemplateFile]:
        """List the kinds of missions by key.

        Your own replace built-in ones of the same key.
        """
        return requests.pages("template.list", {})

    @requested
    def get(self, template: str) -> Call[TemplateFile]:
        """Return the questions of a template, and the goal that waits for their answers."""
        return requests.item("template.get", template)
