"""What a survey finds wrong: things that a maintainer would want to mend, each with its place."""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.domain.work import Finding
from missioncontrol.specialists.manifests import Dependency, Stack
from missioncontrol.specialists.manifests.stack import is_aside
from missioncontrol.specialists.surveyor.survey import Survey, missing_targets

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

CODE_LINES_WORTH_TESTING = 100
INSTALLED = frozenset({"node_modules", "site-packages", "bower_components", ".venv", "venv"})


def findings(tree: "Tree", survey: Survey) -> list[Finding]:
    """Return everything found wrong, in a fixed order."""
    if not tree.files:
        return []
    return [
        *_licence(survey),
        *_tests(tree, survey),
        *_ci(tree, survey),
        *_manifests(survey.stack),
        *_requirements(survey.stack),
        *_entry_points(tree, survey.stack),
        *_files(tree, survey),
    ]


def _licence(survey: Survey) -> Iterator[Finding]:
    licences = survey.licences
    for word in licences.contradictions:
        texts = ", ".join(
            f"{file.path} is {' and '.join(file.licences)}"
            for file in licences.files
            if file.licences
        )
        yield Finding(
            "survey.licence-contradiction",
            "medium",
            f"{word.manifest} says {word.word!r}, but {texts}",
            word.manifest,
            word.line,
            remedy=f"Make {word.manifest} and the licence file name the same licence.",
            obtained="licence text compared with the manifest's field",
        )
    if not licences.files and not licences.words:
        yield Finding(
            "survey.no-licence",
            "medium",
            "Neither a licence file nor a licence in a manifest",
            detail="Without one, only the authors may use, change or share this code.",
            remedy="Add a LICENSE file and name it in the manifest.",
            obtained="file names at the top of the repository, and every manifest",
        )
    elif not licences.files:
        word = licences.words[0]
        yield Finding(
            "survey.no-licence-file",
            "low",
            f"{word.manifest} says {word.word!r}, but no file holds the licence text",
            word.manifest,
            word.line,
            remedy=f"Add the text of {word.word} as LICENSE.",
            obtained="file names at the top of the repository",
        )
    for file in licences.files:
        if not file.licences:
            yield Finding(
                "survey.licence-unknown",
                "info",
                f"The text of {file.path} is none of the known licences",
                file.path,
                remedy="Read it before you copy code from or into this project.",
                obtained="phrases of the licence text",
            )


def _tests(tree: "Tree", survey: Survey) -> Iterator[Finding]:
    if any(file.kind == "test" for file in tree.files):
        if not survey.stack.test_commands:
            first = next(file.path for file in tree.files if file.kind == "test")
            yield Finding(
                "survey.no-test-command",
                "low",
                "There are tests, but nothing says how to run them",
                first,
                remedy="State the command in the manifest or in a Makefile target called test.",
                obtained="manifests, Makefiles and the imports of the test files",
            )
        return
    if survey.code_lines < CODE_LINES_WORTH_TESTING:
        return
    command = next(iter(survey.stack.test_commands), None)
    detail = f", although `{command.text}` is there to run some" if command else ""
    yield Finding(
        "survey.no-tests",
        "medium",
        f"No test file in {survey.code_lines:,} lines of code{detail}",
        command.manifest if command else "",
        command.line if command else 0,
        detail=_distribution(tree, "its tests"),
        remedy="Take a checkout with the tests, or begin with tests for the code that will change.",
        obtained="paths and names of all files that were read",
    )


def _ci(tree: "Tree", survey: Survey) -> Iterator[Finding]:
    # Below the top of a work tree, or outside git, CI may well be set up further up.
    if survey.stack.ci or not tree.is_git or not (tree.root / ".git").exists():
        return
    yield Finding(
        "survey.no-ci",
        "low",
        "No CI is set up: nothing runs the tests when the code changes",
        remedy="Add a workflow that runs "
        + (
            f"`{' '.join(survey.stack.test_commands[0].argv)}`."
            if survey.stack.test_commands
            else "the checks of this project."
        ),
        detail=_distribution(tree, "CI files"),
        obtained="the paths where well-known CI services look for their files",
    )


def _distribution(tree: "Tree", left_out: str) -> str:
    if not tree.file("PKG-INFO"):
        return ""
    return f"PKG-INFO shows that this is a source distribution, which may leave out {left_out}."


def _manifests(stack: Stack) -> Iterator[Finding]:
    for item in stack.unreadable:
        yield Finding(
            "survey.manifest-unreadable",
            "medium",
            f"{item.manifest} cannot be read: {item.reason}",
            item.manifest,
            remedy="Mend the file; nothing in it was considered.",
            obtained="parsing the manifest",
        )
    own = [item for item in stack.packages if "/" not in item.manifest and item.version]
    for one, other in combinations(own, 2):
        same = (
            re.sub(r"[-_.]+", "-", one.name).lower() == re.sub(r"[-_.]+", "-", other.name).lower()
        )
        if same and one.version != other.version:
            yield Finding(
                "survey.versions-disagree",
                "medium",
                f"{one.manifest} says version {one.version}, {other.manifest} says {other.version}",
                other.manifest,
                other.line,
                remedy="Keep the version in one place.",
                obtained="the version fields of both manifests",
            )


def _requirements(stack: Stack) -> Iterator[Finding]:
    """Yield an exact version in one manifest that another one of the project rules out."""
    own = [item for item in stack.dependencies if item.ecosystem == "python"]
    by_name: dict[str, list[Dependency]] = {}
    for item in own:
        if not is_aside(item.manifest):
            by_name.setdefault(re.sub(r"[-_.]+", "-", item.name).lower(), []).append(item)
    for name in sorted(by_name):
        for one in by_name[name]:
            other = next((it for it in by_name[name] if _rules_out(it, one)), None)
            if other:
                yield Finding(
                    "survey.requirements-disagree",
                    "medium",
                    f"{one.name}{one.requirement} in {one.manifest} does not fit "
                    f"{other.name}{other.requirement} in {other.manifest}:{other.line}",
                    one.manifest,
                    one.line,
                    remedy="Make both ask for versions that exist together.",
                    obtained="the version parts of both requirements",
                )
                break


def _rules_out(general: Dependency, exact: Dependency) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    match = re.fullmatch(r"==\s*([\w.!+]+)", exact.requirement)
    if match is None or general is exact or not general.requirement or general.pinned:
        return False
    if general.manifest == exact.manifest:
        return False
    try:
        return not SpecifierSet(general.requirement).contains(match[1], prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _entry_points(tree: "Tree", stack: Stack) -> Iterator[Finding]:
    for item in missing_targets(tree, stack):
        yield Finding(
            "survey.entry-point-missing",
            "high",
            f"The command {item.name!r} starts {item.target!r}, but there is no such module",
            item.manifest,
            item.line,
            remedy="Correct the target or add the module: as it stands, the command fails.",
            obtained="the entry point compared with the Python files of the repository",
        )


def _files(tree: "Tree", survey: Survey) -> Iterator[Finding]:
    if not any(PurePosixPath(file.path).stem.lower() == "readme" for file in tree.files):
        yield Finding(
            "survey.no-readme",
            "low",
            "No README says what this is and how to use it",
            remedy="Add one with the purpose, how to set it up and how to run its tests.",
            obtained="the names of all files that were read",
        )
    for item in survey.submodules:
        if not item.is_checked_out:
            yield Finding(
                "survey.submodule-missing",
                "low",
                f"The submodule {item.path} is not checked out, so it was not surveyed",
                item.path,
                remedy=f"Run `git submodule update --init {item.path}` and survey again.",
                obtained="git ls-files --stage",
            )
    installed: dict[str, int] = {}
    for file in tree.files:
        folder = next((part for part in file.path.split("/")[:-1] if part in INSTALLED), "")
        if folder:
            place = file.path[: file.path.index(folder + "/") + len(folder)]
            installed[place] = installed.get(place, 0) + 1
    for place, count in sorted(installed.items()):
        yield Finding(
            "survey.packages-committed",
            "low",
            f"{count:,} files of installed packages are part of the repository",
            place,
            remedy=f"Add {place}/ to .gitignore, unless it is there on purpose.",
            obtained="the paths of all files that were read",
        )
