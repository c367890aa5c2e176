"""The cards of those who review and merge a change that is a commit."""

from missioncontrol.domain.agent import Shape
from missioncontrol.specialists.card_shapes import (
    BROKEN,
    CHECKED,
    CHECKS,
    REPOSITORY,
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
SCOPE = Shape(
    "list",
    items=Shape("string"),
    required=False,
    description="Files that may be changed, as paths or as patterns of `.gitignore`; [] for all.",
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
            description="What has to hold, in words; it is put before whoever reads the review.",
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
    ),
    capabilities=("inspect",),
    artifacts=("review.json", "review.md"),
)

MERGER = card_of(
    "merger",
    "Puts a change on top of a branch below mission/, as one commit: composed elsewhere, tested as "
    "composed, and taken into the branch only if nobody was faster. Or says why not.",
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
        "into": Shape("string", description="A branch below mission/ that nobody has checked out."),
        "message": Shape(
            "string", required=False, description="Of the commit; its first line is the title."
        ),
        "task": Shape(
            "string",
            required=False,
            description="Told to those whose change meets with this one; else the title is.",
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
    },
    object_of(
        state=text("merged or returned."),
        reason=text("Why it was returned, or what is special about the merge; else ''."),
        commit=text("Which `into` has now for the change; '' where it was returned."),
        onto=text("What `into` was before."),
        into=text(),
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
