"""Templates of missions on a server: what they ask, and what answers come to."""

from collections.abc import Mapping

from missioncontrol.application.templates import TemplateFile
from missioncontrol.client.calls import Call, Pages, get, pages, path_of, post
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.template import FilledGoal


class Templates(Resource[L]):
    """`client.templates`."""

    @listed
    def list(self) -> Pages[TemplateFile]:
        """Return the kinds of missions by key."""
        return pages("/templates", TemplateFile)

    @requested
    def get(self, template: str) -> Call[TemplateFile]:
        """Return the questions of a template, and the goal that waits for their answers.

        Raises:
            NotFound: `template.unknown`.
        """
        return get(path_of("templates", template), TemplateFile)

    @requested
    def fill(
        self, template: str, answers: Mapping[str, str], *, repository: str = ""
    ) -> Call[FilledGoal]:
        """Return the goal that a template comes to with these answers; nothing is begun."""
        body = {"answers": dict(answers), "repository": repository}
        return post(path_of("templates", template, "goal"), FilledGoal, body)
