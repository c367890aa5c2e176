"""Templates of missions on a server: what they ask, and what answers come to."""

from collections.abc import Mapping

from missioncontrol.client.calls import Call, path_of, post
from missioncontrol.client.made.template import TemplateRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.domain.template import FilledGoal


class Templates(TemplateRequests[L]):
    """`client.templates`."""

    @requested
    def fill(
        self, template: str, answers: Mapping[str, str], *, repository: str = ""
    ) -> Call[FilledGoal]:
        """Return the goal that a template comes to with these answers; nothing is begun."""
        body = {"answers": dict(answers), "repository": repository}
        return post(path_of("templates", template, "goal"), FilledGoal, body)
