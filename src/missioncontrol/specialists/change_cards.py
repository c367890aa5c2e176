"""The cards of those who review and merge a change that is a commit."""

from missioncontrol.domain.agent import Shape
from missioncontrol.domain.scaffolding import COMMITS
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

FOUND = object_of(
    rule=text(),
    message=text(),
    path=text("'' where it is no single file."),
    line=count("0 where it is no single line."),
    remedy=text(),
    blocking=Shape("boolean", description="Whether it has to be mended first."),
)


INSPECTOR = card_of(
    "inspector",
    "Holds a commit against its scope, its tests and rules that need no model, and says whether "
    "it may be merged. What it finds does not fail the step: `verdict` is rework then.",
    {
        "repository": REPOSITORY,
        "commit": Shape("string", description="The change; '' says that nothing was changed."),
        "base": Shape("string", description="The commit at which the change began."),
        "scope": SCOPE,
        "tests": Shape(
            "object", required=False, description="What a tester handed back of the commit."
        ),
        "acceptance": Shape(
            "list",
            items=Shape("string"),
            required=False,
            description="What has to hold, in words; it is shown to the reader of the review.",
        ),
        "accepting": Shape(
            "boolean",
            required=False,
            description="Whether a person or another agent looks at the change afterwards, and "
            "accepts what it does to tests and their settings; else that has to be reverted.",
        ),
        "guard": Shape(
            "boolean",
            required=False,
            description="Whether what `mission guard` says of the change counts as well: its "
            "errors have to be mended, the rest are notes.",
        ),
    },
    object_of(
        verdict=text("approve or rework."),
        findings=list_of(FOUND, "Those that block come first. At most 200."),
        counts=object_of(
            files=count("That were changed."),
            added=count("Lines."),
            removed=count("Lines."),
            findings=count(),
            blocking=count(),
        ),
        commit=text(),
        base=text(),
        not_judged=list_of(
            "string", "The acceptance: words that no rule can hold a change against."
        ),
        test_changes=object_of(
            description="What the change does to the tests that judge it, and their settings.",
            digest=text("Of these files, to be accepted by; '' where no acceptance is needed."),
            findings=list_of(FOUND, "At most 50."),
        ),
    ),
    capabilities=("inspect",),
    artifacts=("review.json", "review.md"),
)

MERGER = card_of(
    "merger",
    "Puts a change on top of a branch below mission/, as one commit: composed elsewhere, tested as "
    "composed, and put into the branch only if no other merge was faster. Or says why not.",
    {
        "repository": Shape(
            "path", description="A checkout; only the branch `into` is changed in it."
        ),
        "commit": Shape("string", description="The change; '' says that nothing was changed."),
        "base": Shape(
            "string",
            description="The commit at which the change began; where there is no branch `into` "
            "yet, it begins here too.",
        ),
        "into": Shape("string", description="A branch below mission/ that is not checked out."),
        "message": Shape(
            "string", required=False, description="Of the commit; its first line is the title."
        ),
        "task": Shape(
            "string",
            required=False,
            description="Shown to those whose change meets with this one; else the title is.",
        ),
        "checks": CHECKS,
        "scope": SCOPE,
        "agreed": Shape(
            "list",
            items=object_of(
                path=text("From the top of the repository."), digest=text("SHA-256 of its bytes.")
            ),
            required=False,
            description="Documents that the change was made and judged by; where the checkout has "
            "another text by now, the change is returned.",
        ),
        "accepted": Shape(
            "string",
            required=False,
            description="The digest of the changes of tests and their settings that a person or a "
            "reviewer accepts by letting the step run; without it such a change is returned.",
        ),
        "test_changes": Shape(
            "list",
            items=Shape("object"),
            required=False,
            description="Those changes in words, for who agrees to the step.",
        ),
        "head": Shape(
            "string",
            required=False,
            description="A commit of people that `into` is to have too. Without a change, the "
            "branch is brought up to it if the two together are green.",
        ),
        "mend": Shape(
            "boolean",
            required=False,
            description="Whether the change is to make a red branch green, so that the step goes "
            "on where the branch fails without it.",
        ),
        "known_failures": Shape(
            "list",
            items=Shape("string"),
            required=False,
            description="Names of tests and checks that users allow to fail; any other failure "
            "keeps the branch where it is.",
        ),
        "untested": Shape(
            "boolean",
            required=False,
            description="Whether a person accepts that no test says anything of the branch.",
        ),
    },
    object_of(
        state=text(
            "merged or returned; of a branch that is brought up: level, updated, clashing, or red "
            "where its change is to mend it."
        ),
        reason=text("Why it was returned, or what is special about the merge; else ''."),
        commit=text(
            "Which `into` has now for the change; '' where it was returned. Of a red branch, the "
            "composition that fails."
        ),
        onto=text("What `into` was before."),
        into=text(),
        head=text("The commit of people that was asked for; else ''."),
        mend=Shape("boolean", description="Whether the change is to make a red branch green."),
        rebased=Shape("boolean", description="Whether `into` had gone on since the base."),
        conflicts=list_of(
            object_of(
                path=text(),
                reason=text("What both sides did."),
                ours=text("Whose change in `into` it meets with; '' where that is not known."),
                commit=text("That change."),
                lines=list_of(
                    object_of(first=count(), last=count()), "Lines of the file in `into`."
                ),
            )
        ),
        checks=object_of(
            description="How the composed tree was tested.",
            status=text("As a tester's; not_run where it was not come to that."),
            command=list_of("string"),
            counts=object_of(passed=count(), failed=count(), errors=count(), skipped=count()),
            broken=list_of(BROKEN, "What fails and did not in `into`."),
            checks=list_of(CHECKED),
        ),
        findings=list_of(FOUND, "Why it was returned, as a review would say it."),
        files=count("Changed by the commit."),
    ),
    capabilities=("merge",),
    artifacts=("merge.json", "merge.md"),
    effects=("writes_repository", "runs_tests_in_copy"),
)

SCAFFOLDER = card_of(
    "scaffolder",
    "Creates the repository of a new product: a skeleton that installs, starts and stores. With "
    "`commits`, commits there what a step has changed and a tester has proven.",
    {
        "repository": Shape(
            "path",
            description="A directory that does not exist yet or is empty; with `commits`, the "
            "repository. Nothing else is written.",
        ),
        "plan": Shape(
            "object",
            required=False,
            description="A plan with a design, as a planner hands it back under `plan`. Without "
            "it, that of a planner among the step's needs is used.",
        ),
        COMMITS: Shape(
            "string",
            required=False,
            description="The step, among its needs, whose patch is committed.",
        ),
    },
    object_of(
        repository=text("Its absolute path."),
        commit=text("The newest."),
        base=text("The first commit, which has the skeleton."),
        files=list_of(
            object_of(path=text(), change=text(), added=count(), deleted=count()),
            "What the repository has otherwise than at `base`.",
        ),
    ),
    capabilities=("scaffold",),
    artifacts=(),
    effects=("writes_repository", "writes_files"),
)
