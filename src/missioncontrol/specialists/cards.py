"""The cards of the built-in specialists: what each takes, hands back, and always hands in."""

from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.building import CHANGES
from missioncontrol.domain.step import Spending
from missioncontrol.specialists.card_shapes import (
    BROKEN,
    CHECKED,
    CHECKS,
    REPOSITORY,
    SCOPE,
    card_of,
    count,
    list_of,
    object_of,
    text,
)
from missioncontrol.specialists.change_cards import INSPECTOR, MERGER, SCAFFOLDER

GOAL = Shape(
    "string",
    required=False,
    description="What the user wants to change; files that it mentions are listed first.",
)
PLAN = Shape(
    "object",
    required=False,
    description="A plan, as a planner hands it back under `plan`. Without it, that of a planner "
    "among the step's needs is used.",
)
ABOUT = {
    "title": Shape("string", required=False, description="What the documents are headed with."),
    "context": Shape("string", required=False, description="What else is known about the goal."),
    "constraints": Shape(
        "list", items=Shape("string"), required=False, description="What must hold meanwhile."
    ),
}


PLANNING = Spending(input_tokens=360_000, output_tokens=50_000, by_call=True)
"""The most that planning with a model takes: three calls of at most 120 kB each."""

PROSE = Spending(input_tokens=40_000, output_tokens=16_384, by_call=True)
"""The most that prose of a model takes: one call, of facts of at most 24,000 characters."""


_SURVEYOR = card_of(
    "surveyor",
    "Says what a repository consists of: sizes, packages, dependencies, entry points, licences.",
    {"repository": REPOSITORY, "goal": GOAL},
    object_of(
        name=text("Of the main package; '' where no manifest names one."),
        version=text(),
        commit=text("The checked-out commit; '' where there is none."),
        files=count(),
        code_lines=count("Without tests."),
        test_lines=count(),
        packages=list_of(
            "string",
            "Directories of the packages, `.` for what lies in none of the others; together they "
            "hold every file once. An auditor takes one as `package`.",
        ),
        built=list_of(
            object_of(
                name=text(),
                path=text("Its directory, `.` for the top."),
                ecosystem=text("python, javascript, go, rust …"),
                manifest=text(),
                version=text(),
            ),
            "What the manifests say is built or published.",
        ),
        manifests=list_of("string", "Every manifest that was read."),
        dependencies=count("What everybody gets who installs it."),
        languages=Shape("object", description="Lines by language, tests included."),
        frameworks=list_of("string"),
        services=list_of("string", "Databases, brokers and the like."),
        tools=list_of("string"),
        test_commands=list_of(
            object_of(argv=list_of("string"), source=text()), "The most direct one first."
        ),
        entry_points=list_of("string", "At most 20."),
        licence=text("SPDX id; '' where none was recognised."),
        ci=list_of("string", "Files that tell a CI service what to do."),
        places=list_of("string", "Files that the goal seems to be about."),
        left_out=count("Files that were not read."),
    ),
    capabilities=("survey",),
    artifacts=("survey.md", "survey.json"),
)

_HISTORIAN = card_of(
    "historian",
    "Says what the commits tell: where work gathers, what changes together, and who knows it.",
    {"repository": REPOSITORY, "goal": GOAL},
    object_of(
        commits=count("Those that were read; 0 where there is no history."),
        commits_total=count("All that there are, read or not."),
        people=count("Authors, without programs."),
        authors=list_of("string", "At most 20, the one with most commits first."),
        bus_factor=count("The fewest people who made more than half of the commits."),
        first=text("Day of the first known commit, YYYY-MM-DD; '' where there is none."),
        last=text(),
        hot_spots=list_of("string", "Files that change often and are long."),
        pairs=list_of(Shape("list"), "[one file, another, commits that changed both]."),
        commits_to_places=Shape(
            "object", description="Commits by file, of those that the goal seems to be about."
        ),
        is_shallow=Shape("boolean"),
        cut=text("Why older commits were left out; '' where none were."),
    ),
    capabilities=("history",),
    artifacts=("history.md", "history.json"),
    effects=("reads_files",),
)

_IMPORT = object_of(
    source=text("The importing file."),
    target=text("The imported file."),
    file=text(),
    line=count(),
    text=text("The statement."),
    when=text("load, deferred or typing."),
)
_ARCHITECT = card_of(
    "architect",
    "Reads the import graph out of the code: modules, cycles, layers, and who depends on whom.",
    {"repository": REPOSITORY, "goal": GOAL},
    object_of(
        counts=object_of(
            modules=count("Of the product, without tests."),
            lines=count(),
            imports=count("Between those modules."),
            layers=count(),
            cycles_at_load=count(),
            cycles_deferred=count("Separated by imports inside functions."),
            unimported=count(),
            test_modules=count(),
            other_modules=count(),
        ),
        cycles=list_of(
            object_of(
                when=text("load or deferred."),
                modules=list_of("string"),
                way=list_of(_IMPORT, "One shortest way round."),
            ),
            "At most 10; `counts` has them all.",
        ),
        most_imported=list_of(object_of(path=text(), importers=count())),
        unimported=list_of("string", "Modules that no import statement names."),
        goal=list_of(
            object_of(
                path=text(),
                reasons=list_of("string"),
                imports=list_of("string"),
                imported_by=list_of("string"),
                typed_by=list_of("string"),
                reaches=count("Modules that need it to run."),
                tests=list_of("string"),
                tests_through=count(),
                cycles=list_of("integer", "Numbers of the cycles it is part of."),
            ),
            "Modules that the goal seems to be about.",
        ),
        obtained=list_of("string"),
        left_out=list_of("string"),
    ),
    capabilities=("architecture",),
    artifacts=("architecture.json", "architecture.md", "modules.svg", "modules.mmd"),
)

_TESTER = card_of(
    "tester",
    "Runs the repository's own tests in a copy that is thrown away. Tests that fail do not fail "
    "the step: `passed` is false then. With `changes` they do, unless they failed before. With "
    "`commit` exactly that commit is tested, whatever lies in the checkout.",
    {
        "repository": REPOSITORY,
        "goal": GOAL,
        CHANGES: Shape(
            "string",
            required=False,
            description="The step, among its needs, whose patch is applied to the copy first.",
        ),
        "commit": Shape(
            "string",
            required=False,
            description="Test a tree of exactly this commit instead of the checkout; '' says that "
            "nothing was changed.",
        ),
        "base": Shape(
            "string",
            required=False,
            description="With `commit`: what fails at this commit too may fail. Its tests and test "
            "settings run over the commit too.",
        ),
        "scope": SCOPE,
        "checks": CHECKS,
    },
    object_of(
        passed=Shape("boolean", description="Whether the tests ran and all was well."),
        status=text("passed, failed, could_not_start, timed_out or no_test_command."),
        reason=text("Why it could not start or was stopped; else ''."),
        counts=object_of(
            description="All 0 where the run gave no counts.",
            passed=count(),
            failed=count(),
            errors=count(),
            skipped=count(),
        ),
        failures=list_of(object_of(name=text(), group=text(), message=text()), "At most 20."),
        command=list_of("string", "As the project has it; [] where none was found."),
        source=text("Where the project says so."),
        ran=list_of("string", "As it was run."),
        exit_code=Shape("integer", required=False),
        seconds=Shape("number", required=False),
        commands=list_of(
            Shape("object"), "Commands to build, to check and to test a part: how each ended."
        ),
        python=object_of(
            False,
            version=text(),
            origin=text(),
            not_installed=list_of("string"),
        ),
        commit=text("That was tested; '' where that was the checkout."),
        base=text("That it was held against."),
        broken=list_of(BROKEN, "Of a commit: what fails and did not at the base. At most 100."),
        altered=list_of(
            BROKEN, "Tests of the base that the change alters, and that fail with it as they were."
        ),
        gone=list_of("string", "Tests that passed at the base and are not run, or skipped."),
        checks=list_of(CHECKED, "How each of the repository's own checks ended."),
    ),
    capabilities=("test",),
    artifacts=("tests.json", "tests.md"),
    effects=("reads_files", "runs_tests_in_copy"),
)

_AUDITOR = card_of(
    "auditor",
    "Looks for secrets, unsafe patterns, moving dependencies and likely defects. Findings do not "
    "fail the step.",
    {
        "repository": REPOSITORY,
        "goal": GOAL,
        "package": Shape(
            "string",
            required=False,
            description="Look at this package alone: its directory or its name, as a surveyor "
            "tells them.",
        ),
    },
    object_of(
        package=text("The directory that was looked at; '' for the whole repository."),
        files=count(),
        findings=count("Shown to a person; what is unsure or beside the product is not."),
        critical=count("Of those shown."),
        high=count(),
        medium=count(),
        low=count(),
        counts=object_of(
            shown_security=count(),
            shown_supply=count(),
            shown_quality=count(),
            critical=count(),
            high=count(),
            medium=count(),
            low=count(),
            not_shown_elsewhere=count("In tests, examples and foreign code."),
            not_shown_unsure=count(),
            all=count(),
        ),
        obtained=list_of("string", "How each check was done."),
        left_out=list_of("string", "What could not be checked."),
    ),
    capabilities=("audit",),
    artifacts=("audit.sarif", "audit.md"),
)

_PLANNER = card_of(
    "planner",
    "Turns a goal into a plan: requirements, decisions, risks, and tasks in phases.",
    {
        "goal": Shape("string", description="What should be different."),
        "repository": Shape("path", required=False, description=REPOSITORY.description),
        **ABOUT,
        "builder": Shape(
            "string",
            required=False,
            description="The agent that changes the code. Without one, such tasks are handed over.",
        ),
        "planner": Shape(
            "string",
            required=False,
            description="Who plans: local, model or an agent. Without it, the model, else local.",
        ),
        "kind": Shape(
            "string",
            required=False,
            description="The kind of work, where it is known; else it is read from the goal.",
        ),
        "scaffold": Shape(
            "string",
            required=False,
            description="Of a new product: the stack in which its repository is begun, or `auto` "
            "for the one that follows from the goal. `repository` is the directory then.",
        ),
        "recalled": Shape(
            "list",
            items=Shape("object"),
            required=False,
            description="What is remembered of earlier missions and of documents, best first.",
        ),
        "silenced": Shape(
            "list",
            items=Shape("string"),
            required=False,
            description="Ids, or how they begin, of what people had forgotten or corrected.",
        ),
        "memory": Shape(
            "boolean",
            required=False,
            description="False: what the repository's own documents say counts for nothing.",
        ),
        "actuals": Shape(
            "list",
            items=Shape("object"),
            required=False,
            description="What earlier runs took, the most comparable first.",
        ),
    },
    object_of(
        plan=Shape("object", description="The plan, as plan.json has it."),
        attempts=list_of(Shape("object"), "What a model answered; [] where none was asked."),
        commit=text(),
    ),
    capabilities=("plan",),
    artifacts=("plan.json", "plan.md"),
    effects=("reads_files", "calls_model"),
    spending=PLANNING,
)

_WRITER = card_of(
    "writer",
    "Writes specification, outline and execution pack from a plan, the code, and what the steps "
    "that it needs have handed in.",
    {
        "plan": PLAN,
        "goal": GOAL,
        "repository": Shape("path", required=False, description=REPOSITORY.description),
        **ABOUT,
    },
    object_of(
        documents=list_of("string"),
        requirements=Shape("object", description="By id: sections, tasks and files for it."),
        files=list_of("string", "Files that the documents name."),
        handed_over=list_of("string", "Tasks that another worker has to do."),
        tokens=count("Size of the pack."),
        dropped=list_of("string", "What had no room in it."),
        gaps=list_of("string", "What earlier steps should have found out and did not."),
    ),
    capabilities=("write",),
    artifacts=("specification.md", "outline.md", "execution-pack.md", "execution-pack.json"),
    effects=("reads_files", "calls_model"),
    spending=PROSE,
)

_REVIEWER = card_of(
    "reviewer",
    "Compares a plan with what the steps that it needs have handed in, and says what is missing. "
    "Tasks of the plan are found by the keys of the steps.",
    {
        "plan": PLAN,
        "goal": GOAL,
        "repository": Shape("path", required=False, description=REPOSITORY.description),
        **ABOUT,
    },
    object_of(
        verdict=text("ready, ready with gaps, or not ready."),
        rule=text("How the verdict is computed."),
        checks=list_of(object_of(name=text(), passed=Shape("boolean"), detail=text())),
        missing=list_of(
            object_of(rule=text(), severity=text(), title=text(), detail=text(), remedy=text())
        ),
        handed_over=list_of("string"),
        next_steps=list_of("string"),
    ),
    capabilities=("review",),
    artifacts=("review.json", "review.md"),
)

_MANAGER = card_of(
    "manager",
    "Hands a task of a repository to its builder: the commit to begin at, what was agreed, "
    "and what the round before has found.",
    {
        "repository": REPOSITORY,
        "commission": Shape(
            "object", description="The task: `number`, `title`, `folder`, `documents` and so on."
        ),
        "former": Shape("object", required=False, description="How the round before ended."),
        "line": Shape(
            "object",
            required=False,
            description="How the branch was brought up to date: the output of a merger. Where that "
            "is red, the change begins at the composition that fails.",
        ),
    },
    object_of(
        base=text("The commit at which the builder begins."),
        onto=text("The commit that the change as a whole is made on."),
        round=count("1 for the first."),
        conflicts=count("Rounds before this one that ended in a conflict with what others merged."),
        redo=Shape("boolean", description="Whether the change is to be made again."),
        acceptance=list_of("string"),
        parts=list_of("string", "What the task list splits the work into, without what is done."),
    ),
    capabilities=("manage",),
    artifacts=("work.md", "work.json"),
)

CARDS: dict[str, AgentCard] = {
    card.name: card
    for card in (
        _PLANNER,
        _SURVEYOR,
        _HISTORIAN,
        _ARCHITECT,
        _TESTER,
        _AUDITOR,
        _WRITER,
        _MANAGER,
        _REVIEWER,
        INSPECTOR,
        MERGER,
        SCAFFOLDER,
    )
}
"""By name, in the order of the catalogue."""
