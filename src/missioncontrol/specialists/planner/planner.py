"""The specialist that plans: by itself, or with a model where one is given."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.building import built_by
from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.plan import Plan, accepted
from missioncontrol.domain.planners import LOCAL, MODEL, is_agent
from missioncontrol.domain.product_design import asks_for_change, names_code
from missioncontrol.domain.scaffolding import built_in_turn, with_skeleton
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.ports.model import Model
from missioncontrol.specialists.estimating.estimating import estimated, with_estimates
from missioncontrol.specialists.git import head_commit
from missioncontrol.specialists.greenfield.composer import product_plan
from missioncontrol.specialists.greenfield.packs import packs as product_packs
from missioncontrol.specialists.planner.assembly import assembled
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.groundwork import (
    stands_in,
    summary_like,
    without_groundwork,
)
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.markdown import markdown
from missioncontrol.specialists.planner.memory_quotes import with_memory
from missioncontrol.specialists.planner.origins import with_origins
from missioncontrol.specialists.planner.owners import with_owners
from missioncontrol.specialists.planner.repository_rules import (
    DocumentStatement,
    document_statements,
)
from missioncontrol.specialists.planner.sources import read_ground
from missioncontrol.specialists.specialist import Brief, Desk

NEW_SERVICE = "new-service"
_NAMES = (
    r"(?:web ?|mobile |desktop |phone )?(?:apps?|applications?|products?|services?|micro-?services?"
    r"|platforms?|web ?sites?|sites?|tools?|games?|bots?|systems?|dashboards?"
    r"|portals?|shops?|stores?"
    r"|marketplaces?|saas|start-?ups?|librar(?:y|ies)|servers?|back-?ends?|front-?ends?|clients?"
    r"|cli|apis?|plugins?|extensions?|programs?|prototypes?|mvp)"
)
_PRODUCT = re.compile(
    rf"(?i)(?:^|\b(?:an?|another|new|our own|my own)\s+)(?:[\w'/-]+\s+){{0,5}}?{_NAMES}\b"
)
FILES_OF_AN_EMPTY_ONE = 10
"""A README, a licence and some settings: a repository in which nothing was begun."""
_NOT_A_PRODUCT = frozenset({"documentation", "security-review", "incident"})


def is_new_product(ground: Ground, kinds: tuple[str, ...], context: str) -> bool:
    """Whether a goal asks for something that begins with no code at all.

    In a repository with next to nothing in it, every addition is one; in an empty one, every goal.
    """
    if ground.has_code or not _NOT_A_PRODUCT.isdisjoint(kinds):
        return False
    if ground.tree is None and not context.strip():
        # A word such as “broken” or “drop” makes no repair of an idea: there is nothing to repair.
        return not asks_for_change(ground.goal.text)
    if kinds[:1] != (NEW_SERVICE,):
        return False
    if ground.tree is not None and not ground.tree.files:
        return True
    main = ground.goal.main
    asked = verbs().get(main.verb, "any")
    if ground.tree is not None and len(ground.tree.files) <= FILES_OF_AN_EMPTY_ONE:
        return asked in {NEW_SERVICE, "feature"} or bool(_PRODUCT.search(main.text))
    return asked == NEW_SERVICE or (asked == "any" and bool(_PRODUCT.search(main.text)))


def _begun(plan: Plan, brief: Brief) -> Plan:
    """Return the plan of a product with its skeleton and its builder, where they are asked for.

    Raises:
        AttemptFailed: `scaffold.no_design`, `scaffold.no_entity`, or as `chosen_stack`.
    """
    if not brief.scaffold:
        return built_by(plan, brief.builder) if brief.builder else plan
    from missioncontrol.specialists.scaffolding.blueprint import blueprint
    from missioncontrol.specialists.scaffolding.stacks import chosen_stack, made_of

    try:
        design = blueprint(plan).design
        stack = chosen_stack(design, brief.scaffold)
        begun = with_skeleton(plan, stack, made_of(design, stack))
    except Rejected as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None
    return built_in_turn(begun, brief.builder) if brief.builder else begun


def _no_code() -> AttemptFailed:
    return AttemptFailed(
        "plan.no_code",
        "This goal names code, and there is none here that it could change.",
        hint="Name the checkout that has it with --repo. For a new product, say who does what with "
        "it.",
        retryable=False,
    )


if TYPE_CHECKING:
    from missioncontrol.specialists.planner.model_answers import Answering

WITHOUT_MEMORY = "plan-without-memory.json"
"""The artifact with the plan as it would be if nothing were remembered."""


class LocalPlanner:
    """Plans without a model and without a network."""

    def __init__(self) -> None:
        """The sources of the last plan are stored beside it."""
        self.without_memory: Plan | None = None  # where something that is remembered was used
        self.lore: tuple[DocumentStatement, ...] = ()  # what the repository's documents say
        self.lacks_code = False  # whether the goal names code and there is none

    def plan(self, brief: Brief, desk: Desk) -> Plan:
        """Return an accepted plan; the same goal and repository content give the same one.

        Raises:
            AttemptFailed: the goal is empty or longer than can be read.
        """
        ground = read_ground(brief, desk)
        asked = Asked(brief.goal, brief.constraints, brief.context)
        made = assembled(ground, builder=brief.builder, kind=brief.kind)
        is_new = is_new_product(ground, made.kinds, brief.context)
        self.lacks_code = is_new and names_code(brief.goal)
        if is_new and not self.lacks_code:
            bare = _begun(product_plan(asked, made), brief)
        else:
            bare = with_origins(made, ground.goal.asks, asked)
            if brief.scaffold:
                _begun(bare, brief)
        plan = with_memory(bare, self._recalled(brief, ground), name=ground.name)
        if plan is not bare:
            self.without_memory = accepted(with_owners(bare, brief.repository))
        plan = accepted(with_owners(plan, brief.repository))
        show(plan, desk)
        return plan

    def _recalled(self, brief: Brief, ground: Ground) -> list[Recalled]:
        """Return memory of missions, then what documents say that was not recalled yet."""
        if ground.tree is None:
            return list(brief.recalled)
        self.lore = document_statements(ground.tree)
        if not brief.memory:
            return list(brief.recalled)
        home, gone = str(brief.repository), brief.silenced
        documented = (each.recalled(home, ground.tree.commit) for each in self.lore)
        return [*brief.recalled, *(each for each in documented if not each.item.startswith(gone))]


class Planner:
    """Plans a mission, and keeps `plan.json` and `plan.md`."""

    def __init__(self, model: Model | None = None) -> None:
        """A model or an agent starts from the local plan; without either, that is the plan."""
        self._model = model

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Hand back `{"plan": …, "attempts": […], "commit": …}`.

        Where the model or the agent gives no plan that holds, the local plan stands in and says
        why.

        Raises:
            AttemptFailed: the goal can't be planned.
        """
        if brief.scaffold:  # Its directory is empty, or holds what an earlier attempt created.
            brief = msgspec.structs.replace(brief, repository=None)
        attempts: list[dict[str, Any]] = []
        local_planner, bare = LocalPlanner(), None
        if not (is_agent(brief.planner) or self._uses_model(brief)):
            plan = local_planner.plan(brief, desk)
            bare = local_planner.without_memory
            if local_planner.lacks_code:
                raise _no_code()
        else:
            # The model does not choose the builder; it plans as if there were none.
            local = local_planner.plan(
                msgspec.structs.replace(brief, builder="", scaffold=""), desk
            )
            if local_planner.lacks_code:
                raise _no_code()
            answers = self._answers(brief, local, desk)
            plan, attempts = _improved(answers, brief, local, desk)
            plan = _begun(plan, brief) if brief.scaffold else _given(plan, brief.builder)
            show(plan, desk)
        plan = with_estimates(plan, brief, desk)
        commit = head_commit(brief.repository) if brief.repository is not None else None
        work = _handed_in(plan, attempts, commit or "", desk)
        beside = [*_plan_without_memory(estimated(bare, brief) if bare else None, desk)]
        beside += _lore(local_planner.lore, desk)
        return msgspec.structs.replace(work, artifacts=(*work.artifacts, *beside))

    def _uses_model(self, brief: Brief) -> bool:
        if brief.planner == MODEL and self._model is None:
            raise AttemptFailed(
                "model.not_configured",
                "No model is configured that could plan.",
                hint="Set MISSION_MODEL_URL, MISSION_MODEL_NAME and MISSION_MODEL_KEY.",
                retryable=False,
            )
        return self._model is not None and brief.planner != LOCAL

    def _answers(self, brief: Brief, local: Plan, desk: Desk) -> "Answering":
        """Return who is asked for a better plan than `local`."""
        from missioncontrol.specialists.planner.model_answers import AgentAnswers, EndpointAnswers
        from missioncontrol.specialists.planner.tools.testing import trying_in_planner
        from missioncontrol.specialists.planner.tools.toolbox import Toolbox

        shown = without_groundwork(local)
        root, box = brief.repository, None
        if root is not None and head_commit(root) is not None:
            trying = trying_in_planner(root, desk.seconds_left)
            box = Toolbox(root, plan=shown, trying=trying)
        if is_agent(brief.planner):
            return AgentAnswers(brief.planner, shown, box)
        assert self._model is not None, "there is a model, as it was looked for"
        return EndpointAnswers(self._model, box)


def _improved(
    answers: "Answering", brief: Brief, local: Plan, desk: Desk
) -> tuple[Plan, list[dict[str, Any]]]:
    """Return a better plan, else the local one, and each time one was asked for."""
    from missioncontrol.specialists.planner.model import NoModelPlan, plan_with

    try:
        planned = plan_with(answers, brief, local, desk)
    except NoModelPlan as none:
        desk.log("warning", "The local plan is used.")
        attempts = [msgspec.to_builtins(each) for each in none.attempts]
        return stands_in(local, none.reason, answers.title), attempts
    return planned.plan, [msgspec.to_builtins(each) for each in planned.attempts]


def _given(plan: Plan, builder: str) -> Plan:
    """Return the plan with its changes of code given to `builder`, and a summary that says so."""
    if not builder:
        return plan
    built = built_by(plan, builder)
    return msgspec.structs.replace(built, summary=summary_like(plan, built))


def _plan_without_memory(plan: Plan | None, desk: Desk) -> Iterator[ArtifactRef]:
    """Keep the plan as it would be if nothing were remembered, where that is another one."""
    if plan is not None:
        yield desk.keep(
            WITHOUT_MEMORY,
            msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n",
            media_type="application/json",
            title="The plan without what is remembered",
            obtained=plan.obtained,
        )


def _lore(statements: Sequence[DocumentStatement], desk: Desk) -> Iterator[ArtifactRef]:
    if statements:
        yield desk.keep(
            "lore.json",
            msgspec.json.format(msgspec.json.encode(statements), indent=2) + b"\n",
            media_type="application/json",
            title="What the repository's documents say",
            obtained="decision records and guides for contributors, read by rule",
        )


def show(plan: Plan, desk: Desk) -> None:
    """Log what the plan decides, what it risks, and the tasks of each phase."""
    lines = [f"Kind of work: {', '.join(plan.kinds)}"]
    lines += [f"Decision {each.id}: {each.title}" for each in plan.decisions]
    lines += [f"Risk {each.id}: {each.title}" for each in plan.risks]
    for phase in plan.phases:
        lines.append(f"Phase {phase.title}: {phase.purpose}")
        lines += [f"Task {t.key} ({t.agent or t.role}): {t.title}" for t in phase.tasks]
    level: LogLevel = "info"
    for line in lines:
        desk.log(level, line)
    desk.progress(4, 4, plan.summary)


def _handed_in(plan: Plan, attempts: list[dict[str, Any]], commit: str, desk: Desk) -> Work:
    data = msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"
    artifacts: tuple[ArtifactRef, ...] = (
        desk.keep(
            "plan.json",
            data,
            media_type="application/json",
            title=f"Plan: {plan.title}",
            obtained=plan.obtained,
        ),
        desk.keep(
            "plan.md",
            markdown(plan),
            media_type="text/markdown",
            title=f"Plan: {plan.title}",
            obtained=plan.obtained,
        ),
    )
    artifacts += tuple(
        desk.keep(name, text, media_type="text/markdown", title=title, obtained=plan.obtained)
        for name, title, text in product_packs(plan)
    )
    output = {"plan": msgspec.to_builtins(plan), "attempts": attempts, "commit": commit}
    return Work(summary=plan.summary, output=output, artifacts=artifacts)
