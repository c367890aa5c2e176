"""The surveyor's work: read the tree and its manifests, then hand in a page, data and findings."""

from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.work import ArtifactRef, Fact, FilesRead, Work
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.packages import own_packages, package_paths, path_of
from missioncontrol.specialists.specialist import Brief, Desk, repository_of
from missioncontrol.specialists.surveyor.survey import Survey

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

SECONDS_MAX = 120.0
"""For reading the files; what is beyond is counted as left out."""
DATA = "survey.json"
BLUEPRINT = "blueprint.json"
SECONDS_RESERVED = 6.0
"""Left for handing in once reading for the blueprint has to stop."""


class Surveyor:
    """Says what a repository consists of: sizes, dependencies, entry points, licences, CI."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Survey the repository and hand in survey.json, survey.md and blueprint.json.

        Raises:
            AttemptFailed: there is no repository to survey.
        """
        from missioncontrol.specialists.surveyor.findings import findings
        from missioncontrol.specialists.surveyor.page import page, sentence

        tree = _tree(brief, desk)
        survey = _survey(tree, brief, desk)
        found = tuple(findings(tree, survey))
        artifacts = (*_artifacts(survey, page(survey, found), desk), _blueprint(tree, survey, desk))
        return Work(
            summary=sentence(survey),
            output=_output(survey, package_paths(tree, survey.stack)),
            facts=tuple(_facts(survey)),
            findings=found,
            artifacts=artifacts,
            evidence=(FilesRead(len(tree.files), tree.left_out_count, tree.commit),),
        )


def _tree(brief: Brief, desk: Desk) -> "Tree":
    from missioncontrol.specialists.tree import read_tree

    repository = repository_of(brief, "surveyor", "survey")
    seconds = min(SECONDS_MAX, max(1.0, desk.seconds_left() / 2))
    return read_tree(
        repository,
        seconds_max=seconds,
        progress=lambda done, total: desk.progress(done, total, "files read"),
    )


def _survey(tree: "Tree", brief: Brief, desk: Desk) -> Survey:
    from missioncontrol.specialists.manifests import read_manifests
    from missioncontrol.specialists.surveyor.survey import places_for, survey_of

    desk.log("info", f"{len(tree.files):,} files read, {tree.left_out_count:,} left out")
    stack = read_manifests(tree)
    desk.log("info", f"{len(stack.manifests):,} manifests read")
    return survey_of(tree, stack, brief.goal, places_for(brief.goal, brief.plan, tree))


def _artifacts(survey: Survey, text: str, desk: Desk) -> tuple[ArtifactRef, ...]:
    data = msgspec.json.format(msgspec.json.encode(survey, order="sorted"), indent=2)
    parsed = counted(len(survey.stack.manifests), "manifest")
    how = f"{survey.listed}; {parsed} parsed, nothing executed"
    return (
        desk.keep(
            "survey.md", text, media_type="text/markdown", title="What is here", obtained=how
        ),
        desk.keep(
            DATA,
            data + b"\n",
            media_type="application/json",
            title="The survey's data",
            obtained=how,
        ),
    )


def _blueprint(tree: "Tree", survey: Survey, desk: Desk) -> ArtifactRef:
    from missioncontrol.specialists.surveyor.blueprint.blueprint_reader import blueprint_of

    found = blueprint_of(tree, survey, lambda: desk.seconds_left() < SECONDS_RESERVED)
    data = msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=2)
    return desk.keep(
        BLUEPRINT,
        data + b"\n",
        media_type="application/json",
        title="How it is run, what it stores, how it is worked on",
        obtained="reading deployment files, models, CI and guides; nothing executed",
    )


def _facts(survey: Survey) -> list[Fact]:
    lines = "line ends counted in every text file"
    facts = [
        _fact("files", survey.total.files, "/total/files", survey.listed, "files"),
        _fact("lines of code without tests", survey.code_lines, "/code_lines", lines, "lines"),
        _fact("lines of tests", survey.test_lines, "/test_lines", lines, "lines"),
    ]
    for number, item in enumerate(survey.languages[:3]):
        if item.lines * 20 < survey.code_lines:
            continue
        name, pointer = f"lines of {item.language} without tests", f"/languages/{number}/lines"
        facts.append(_fact(name, item.lines, pointer, lines, "lines"))
    stack = survey.stack
    if stack.packages:
        users = survey.user_dependencies
        how = f"parsing {counted(len(stack.manifests), 'manifest')}"
        facts.append(
            _fact("dependencies of every user", users, "/user_dependencies", how, "dependencies")
        )
    if stack.version:
        facts.append(_fact("version", stack.version, "/stack/version", "the manifest", ""))
    if survey.licence:
        how = "phrases of the licence text" if survey.licences.files else "the manifest"
        facts.append(_fact("licence", survey.licence, "/licence", how, ""))
    if stack.test_commands:
        source = stack.test_commands[0].source
        facts.append(_fact("test command", survey.test_command, "/test_command", source, ""))
    facts.append(_fact("CI files", len(stack.ci), "/stack/ci", "well-known paths", "files"))
    return facts


def _fact(label: str, value: str | int, pointer: str, obtained: str, unit: str) -> Fact:
    return Fact(label, value, unit, DATA, pointer, obtained)


def _output(survey: Survey, packages: list[str]) -> dict[str, Any]:
    """Return what the steps after this one are likely to ask for."""
    stack = survey.stack
    return {
        "name": stack.name,
        "version": stack.version,
        "commit": survey.commit,
        "files": survey.total.files,
        "code_lines": survey.code_lines,
        "test_lines": survey.test_lines,
        "packages": packages,
        "built": [
            {
                "name": item.name,
                "path": path_of(item),
                "ecosystem": item.ecosystem,
                "manifest": item.manifest,
                "version": item.version,
            }
            for item in own_packages(stack)
        ],
        "manifests": list(stack.manifests),
        "dependencies": survey.user_dependencies,
        "languages": {item.language: item.lines + item.test_lines for item in survey.languages},
        "frameworks": list(stack.frameworks),
        "services": list(stack.services),
        "tools": list(stack.tools),
        "test_commands": [
            {"argv": list(item.argv), "source": item.source} for item in stack.test_commands
        ],
        "entry_points": [item.target for item in survey.entry_points[:20]],
        "licence": survey.licences.name,
        "ci": [item.path for item in stack.ci],
        "places": [item.path for item in survey.places],
        "left_out": survey.left_out_count,
    }
