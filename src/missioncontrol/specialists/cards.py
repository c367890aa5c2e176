"""The cards of the built-in specialists: what each takes, hands back, and always hands in."""

from collections.abc import Iterable
from importlib import import_module

from missioncontrol.domain.agent import AgentCard, Kind, Shape
from missioncontrol.domain.building import CHANGES
from missioncontrol.domain.step import Spending

VERSION: str = import_module("missioncontrol").__version__
"""Asked for by name: the top of the package offers what lies above this room as well."""

REPOSITORY = Shape("path", description="An absolute path of a directory; it is only read.")
GOAL = Shape(
    "string",
    required=False,
    description="What somebody wants to change; files that it speaks of are told first.",
)
PLAN = Shape(
    "object",
    required=False,
    description="A plan, as a planner hands it back under `plan`. Without it, that of a planner "
    "among the step's needs is taken.",
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


def _object(required: bool = True, /, description: str = "", **fields: Shape) -> Shape:
    """Return an object that has these fields and no others."""
    return Shape("object", fields, required=required, description=description, open=False)


def _list(of: Kind | Shape, description: str = "") -> Shape:
    items = of if isinstance(of, Shape) else Shape(of)
    return Shape("list", items=items, description=description)


def _text(description: str = "") -> Shape:
    return Shape("string", description=description)


def _count(description: str = "") -> Shape:
    return Shape("integer", description=description)


def _card(
    name: str,
    description: str,
    inputs: dict[str, Shape],
    output: Shape,
    *,
    capabilities: Iterable[str],
    artifacts: Iterable[str],
    effects: Iterable[str] = ("reads_files",),
    spending: Spending | None = None,
) -> AgentCard:
    shared = (
        *("repository", "goal", "title", "context", "constraints", "builder"),
        *("kind", "recalled", "silenced", "memory", "actuals"),
    )
    return AgentCard(
        name,
        VERSION,
        "specialist",
        tuple(capabilities),
        description,
        Shape("object", inputs, open=False),
        output,
        tuple(artifacts),
        "read",
        tuple(effects),
        spending,
        tuple(each for each in shared if each in inputs),
    )


_SURVEYOR = _card(
    "surveyor",
    "Says what a repository consists of: sizes, packages, dependencies, entry points, licences.",
    {"repository": REPOSITORY, "goal": GOAL},
    _object(
        name=_text("Of the main package; '' where no manifest names one."),
        version=_text(),
        commit=_text("The checked-out commit; '' where there is none."),
        files=_count(),
        code_lines=_count("Without tests."),
        test_lines=_count(),
        packages=_list(
            "string",
            "Directories of the packages, `.` for what lies in none of the others; together they "
            "hold every file once. An auditor takes one as `package`.",
        ),
        built=_list(
            _object(
                name=_text(),
                path=_text("Its directory, `.` for the top."),
                ecosystem=_text("python, javascript, go, rust …"),
                manifest=_text(),
                version=_text(),
            ),
            "What the manifests say is built or published.",
        ),
        manifests=_list("string", "Every manifest that was read."),
        dependencies=_count("What everybody gets who installs it."),
        languages=Shape("object", description="Lines by language, tests included."),
        frameworks=_list("string"),
        services=_list("string", "Databases, brokers and the like."),
        tools=_list("string"),
        test_commands=_list(
            _object(argv=_list("string"), source=_text()), "The most direct one first."
        ),
        entry_points=_list("string", "At most 20."),
        licence=_text("SPDX id; '' where none was recognised."),
        ci=_list("string", "Files that tell a CI service what to do."),
        places=_list("string", "Files that the goal seems to be about."),
        left_out=_count("Files that were not read."),
    ),
    capabilities=("survey",),
    artifacts=("survey.md", "survey.json"),
)

_HISTORIAN = _card(
    "historian",
    "Says what the commits tell: where work gathers, what changes together, and who knows it.",
    {"repository": REPOSITORY, "goal": GOAL},
    _object(
        commits=_count("0 where there is no history."),
        people=_count("Authors, without programs."),
        authors=_list("string", "At most 20, the one with most commits first."),
        bus_factor=_count("The fewest people who made more than half of the commits."),
        first=_text("Day of the first known commit, YYYY-MM-DD; '' where there is none."),
        last=_text(),
        hot_spots=_list("string", "Files that change often and are long."),
        pairs=_list(Shape("list"), "[one file, another, commits that changed both]."),
        commits_to_places=Shape(
            "object", description="Commits by file, of those that the goal seems to be about."
        ),
        is_shallow=Shape("boolean"),
        cut=_text("Why older commits were left out; '' where none were."),
    ),
    capabilities=("history",),
    artifacts=("history.md", "history.json"),
    effects=("reads_files",),
)

_IMPORT = _object(
    source=_text("The importing file."),
    target=_text("The imported file."),
    file=_text(),
    line=_count(),
    text=_text("The statement."),
    when=_text("load, deferred or typing."),
)
_ARCHITECT = _card(
    "architect",
    "Reads the import graph out of the code: modules, cycles, layers, and who depends on whom.",
    {"repository": REPOSITORY, "goal": GOAL},
    _object(
        counts=_object(
            modules=_count("Of the product, without tests."),
            lines=_count(),
            imports=_count("Between those modules."),
            layers=_count(),
            cycles_at_load=_count(),
            cycles_deferred=_count("Kept apart by imports inside functions."),
            unimported=_count(),
            test_modules=_count(),
            other_modules=_count(),
        ),
        cycles=_list(
            _object(
                when=_text("load or deferred."),
                modules=_list("string"),
                way=_list(_IMPORT, "One shortest way round."),
            ),
            "At most 10; `counts` has them all.",
        ),
        most_imported=_list(_object(path=_text(), importers=_count())),
        unimported=_list("string", "Modules that no import statement names."),
        goal=_list(
            _object(
                path=_text(),
                reasons=_list("string"),
                imports=_list("string"),
                imported_by=_list("string"),
                typed_by=_list("string"),
                reaches=_count("Modules that need it to run."),
                tests=_list("string"),
                tests_through=_count(),
                cycles=_list("integer", "Numbers of the cycles it is part of."),
            ),
            "Modules that the goal seems to be about.",
        ),
        obtained=_list("string"),
        left_out=_list("string"),
    ),
    capabilities=("architecture",),
    artifacts=("architecture.json", "architecture.md", "modules.svg", "modules.mmd"),
)

_TESTER = _card(
    "tester",
    "Runs the repository's own tests in a copy that is thrown away. Tests that fail do not fail "
    "the step: `passed` is false then. With `changes` they do, unless they failed before.",
    {
        "repository": REPOSITORY,
        "goal": GOAL,
        CHANGES: Shape(
            "string",
            required=False,
            description="The step, among its needs, whose patch is applied to the copy first.",
        ),
    },
    _object(
        passed=Shape("boolean", description="Whether the tests ran and all was well."),
        status=_text("passed, failed, could_not_start, timed_out or no_test_command."),
        reason=_text("Why it could not start or was stopped; else ''."),
        counts=_object(
            description="All 0 where the run gave no counts.",
            passed=_count(),
            failed=_count(),
            errors=_count(),
            skipped=_count(),
        ),
        failures=_list(_object(name=_text(), group=_text(), message=_text()), "At most 20."),
        command=_list("string", "As the project has it; [] where none was found."),
        source=_text("Where the project says so."),
        ran=_list("string", "As it was run."),
        exit_code=Shape("integer", required=False),
        seconds=Shape("number", required=False),
        commands=_list(
            Shape("object"), "Commands to build, to check and to test a part: how each ended."
        ),
        python=_object(
            False,
            version=_text(),
            origin=_text(),
            not_installed=_list("string"),
        ),
    ),
    capabilities=("test",),
    artifacts=("tests.json", "tests.md"),
    effects=("reads_files", "runs_tests_in_copy"),
)

_AUDITOR = _card(
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
    _object(
        package=_text("The directory that was looked at; '' for the whole repository."),
        files=_count(),
        findings=_count("Shown to a person; what is unsure or beside the product is not."),
        critical=_count("Of those shown."),
        high=_count(),
        medium=_count(),
        low=_count(),
        counts=_object(
            shown_security=_count(),
            shown_supply=_count(),
            shown_quality=_count(),
            critical=_count(),
            high=_count(),
            medium=_count(),
            low=_count(),
            not_shown_elsewhere=_count("In tests, examples and foreign code."),
            not_shown_unsure=_count(),
            all=_count(),
        ),
        obtained=_list("string", "How each check was done."),
        left_out=_list("string", "What could not be checked."),
    ),
    capabilities=("audit",),
    artifacts=("audit.sarif", "audit.md"),
)

_PLANNER = _card(
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
        "kind": Shape(
            "string",
            required=False,
            description="The kind of work, where it is known; else it is read from the goal.",
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
            description="What tasks of earlier runs took, the most comparable first.",
        ),
    },
    _object(
        plan=Shape("object", description="The plan, as plan.json has it."),
        attempts=_list(Shape("object"), "What a model answered; [] where none was asked."),
        commit=_text(),
    ),
    capabilities=("plan",),
    artifacts=("plan.json", "plan.md"),
    effects=("reads_files", "calls_model"),
    spending=PLANNING,
)

_WRITER = _card(
    "writer",
    "Writes specification, outline and execution pack from a plan, the code, and what the steps "
    "that it needs have handed in.",
    {
        "plan": PLAN,
        "goal": GOAL,
        "repository": Shape("path", required=False, description=REPOSITORY.description),
        **ABOUT,
    },
    _object(
        documents=_list("string"),
        requirements=Shape("object", description="By id: sections, tasks and files for it."),
        files=_list("string", "Files that the documents name."),
        handed_over=_list("string", "Tasks that somebody else has to do."),
        tokens=_count("Size of the pack."),
        dropped=_list("string", "What had no room in it."),
        gaps=_list("string", "What earlier steps should have found out and did not."),
    ),
    capabilities=("write",),
    artifacts=("specification.md", "outline.md", "execution-pack.md", "execution-pack.json"),
    effects=("reads_files", "calls_model"),
    spending=PROSE,
)

_REVIEWER = _card(
    "reviewer",
    "Compares a plan with what the steps that it needs have handed in, and says what is missing. "
    "Tasks of the plan are found by the keys of the steps.",
    {
        "plan": PLAN,
        "goal": GOAL,
        "repository": Shape("path", required=False, description=REPOSITORY.description),
        **ABOUT,
    },
    _object(
        verdict=_text("ready, ready with gaps, or not ready."),
        rule=_text("How the verdict is computed."),
        checks=_list(_object(name=_text(), passed=Shape("boolean"), detail=_text())),
        missing=_list(
            _object(rule=_text(), severity=_text(), title=_text(), detail=_text(), remedy=_text())
        ),
        handed_over=_list("string"),
        next_steps=_list("string"),
    ),
    capabilities=("review",),
    artifacts=("review.json", "review.md"),
)

_MANAGER = _card(
    "manager",
    "Hands a task of a repository to whoever builds it: the commit to begin at, what was agreed, "
    "and what the round before has found.",
    {
        "repository": REPOSITORY,
        "task": Shape("object", description="`number`, `title`, `folder`, `documents` and so on."),
        "former": Shape("object", required=False, description="How the round before ended."),
    },
    _object(
        base=_text("The commit at which whoever builds begins."),
        onto=_text("The commit that the change as a whole is made on."),
        round=_count("1 for the first."),
        redo=Shape("boolean", description="Whether the change is to be made anew."),
        acceptance=_list("string"),
        parts=_list("string", "What the task list splits the work into, without what is done."),
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
    )
}
"""By name, in the order of the catalogue."""
