"""The scaffolder: writes the first repository of a product, and commits proven changes to it."""

from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.scaffolder.commit import committed
from missioncontrol.specialists.scaffolder.skeleton import written
from missioncontrol.specialists.specialist import Brief, Desk


class Scaffolder:
    """Works in the one directory that a mission names for its product."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Write the skeleton of the plan; with `commits`, commit that step's changes instead.

        Raises:
            AttemptFailed: `scaffolder.no_repository`, `scaffolder.no_plan`, or as `written` and
                `committed`.
        """
        if brief.repository is None:
            raise AttemptFailed(
                "scaffolder.no_repository",
                "There is no directory to create the repository in.",
                hint="Name one that does not exist yet, or is empty, with --repo.",
                retryable=False,
            )
        if brief.commits:
            return committed(brief, brief.repository, desk)
        if brief.plan is None:
            raise AttemptFailed(
                "scaffolder.no_plan",
                "There is no plan of a product to write a repository of.",
                hint="Give `${{ steps.KEY.output.plan }}` of a planner as `plan`.",
                retryable=False,
            )
        return written(brief.plan, brief.repository, desk)
