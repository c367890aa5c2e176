"""Reads how people work on the repository: what CI runs, what hooks check, what guides ask for."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.manifests.services import ci_system
from missioncontrol.specialists.surveyor.blueprint.shapes import Practice, Tie, Unit, excerpt_of
from missioncontrol.specialists.surveyor.blueprint.yaml_lines import Marked, documents

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

Found = Practice | Unit | Tie
COMMANDS_MAX = 6
HEADINGS_MAX = 8
TEXT_MAX = 220
PUBLISHERS = {
    "pypa/gh-action-pypi-publish": "PyPI",
    "docker/build-push-action": "an image registry",
    "softprops/action-gh-release": "GitHub releases",
    "actions/deploy-pages": "GitHub Pages",
    "peaceiris/actions-gh-pages": "GitHub Pages",
    "JS-DevTools/npm-publish": "npm",
    "goreleaser/goreleaser-action": "GitHub releases",
    "google-github-actions/deploy-cloudrun": "Cloud Run",
    "aws-actions/amazon-ecs-deploy-task-definition": "Amazon ECS",
    "azure/webapps-deploy": "Azure Web Apps",
}
PUBLISHING = {
    "twine upload": "PyPI",
    "poetry publish": "PyPI",
    "uv publish": "PyPI",
    "flit publish": "PyPI",
    "hatch publish": "PyPI",
    "npm publish": "npm",
    "pnpm publish": "npm",
    "yarn publish": "npm",
    "cargo publish": "crates.io",
    "docker push": "an image registry",
    "gem push": "RubyGems",
    "flyctl deploy": "Fly.io",
    "fly deploy": "Fly.io",
    "gcloud run deploy": "Cloud Run",
    "kubectl apply": "a Kubernetes cluster",
    "helm upgrade": "a Kubernetes cluster",
    "gh release create": "GitHub releases",
    "mkdocs gh-deploy": "GitHub Pages",
}
_GUIDE = re.compile(r"(^|/)(CONTRIBUTING|HACKING|DEVELOPMENT|DEVELOPING)(\.\w+)?$", re.IGNORECASE)
_CHANGES = re.compile(r"^(CHANGES|CHANGELOG|HISTORY|NEWS|RELEASES)(\.\w+)?$", re.IGNORECASE)
_SECURITY = re.compile(r"^(\.github/)?SECURITY(\.\w+)?$", re.IGNORECASE)
_OWNERS = re.compile(r"^(\.github/|docs/|\.gitlab/)?CODEOWNERS$")
_TEMPLATE = re.compile(r"(^|/)PULL_REQUEST_TEMPLATE(/.+|\.\w+)?$", re.IGNORECASE)
_TITLE = re.compile(
    r"^#*\s*(changes|change ?log|history|news|releases?|release notes)\b", re.IGNORECASE
)
_ENTRY = re.compile(r"^(#+ .+|Version .+|v?\d+\.\d+.*)$")
_ABOUT_WORK = re.compile(
    r"\b(test|set ?up|develop|install|style|lint|format|branch|commit|pull|patch|release|doc|"
    r"review|check|cod|build|environment|type|coverage|changelog|workflow|quality|guide|rule)",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(?!(?:if|then|else|elif|fi|for|do|done|while|case|esac)\b)[\w./$~]")
_RST = re.compile(r"`([^`<]+?)(?:\s*<[^>]*>)?`_+")
_LINT = {
    "[tool.ruff": "ruff",
    "[tool.mypy": "mypy",
    "[tool.black": "black",
    "[tool.isort": "isort",
    "[tool.pyright": "pyright",
    "[tool.pylint": "pylint",
    "[flake8]": "flake8",
    "[mypy]": "mypy",
}
_LINT_FILES = ("pyproject.toml", "setup.cfg", "tox.ini", "mypy.ini", ".flake8", "ruff.toml")


def practices(tree: "Tree") -> Iterator[Found]:
    """Yield practices, and the jobs of CI with what they publish to."""
    for file in tree.files:
        path, name = file.path, PurePosixPath(file.path).name
        if ci_system(path) and path.endswith((".yml", ".yaml")):
            yield from _ci(path, tree.text(path) or "")
        elif name == ".pre-commit-config.yaml" and "/" not in path:
            yield from _hooks(path, tree.text(path) or "")
        elif path in _LINT_FILES:
            yield from _checks(path, tree.text(path) or "")
        elif _GUIDE.search(path) and path.count("/") < 2:
            yield from _guide(path, tree.text(path) or "")
        else:
            yield from _by_name(path, tree.text(path) if _by_its_name(path) else None)


def _by_its_name(path: str) -> bool:
    return any(each.search(path) for each in (_CHANGES, _SECURITY, _OWNERS, _TEMPLATE))


def _by_name(path: str, text: str | None) -> Iterator[Practice]:
    if text is None:
        return
    if _CHANGES.search(path):
        line, heading = _first(text)
        newest = f"; its newest entry is “{_short(heading.lstrip('# '))}”" if heading else ""
        yield Practice("changes", f"Changes are recorded in `{path}`{newest}.", path, line)
    elif _SECURITY.search(path):
        yield Practice("security", f"`{path}` says where a weakness is reported.", path, 1)
    elif _OWNERS.search(path):
        rules = [line.split() for line in text.splitlines() if line.strip()[:1] not in ("", "#")]
        owners = sorted({word for rule in rules for word in rule[1:] if "@" in word})
        if owners:
            who = ", ".join(owners[:6])
            yield Practice("review", f"`{path}` asks {who} to review what they own.", path, 1)
    elif _TEMPLATE.search(path):
        boxes = re.findall(r"^\s*[-*] \[ \] (.+)$", text, re.MULTILINE)
        asks = "; ".join(_short(each, 90) for each in boxes[:5])
        words = f": {asks}" if asks else ""
        yield Practice("review", f"A pull request fills in `{path}`{words}.", path, 1)


def _first(text: str) -> tuple[int, str]:
    """Return the newest entry of a list of changes, with its line."""
    for number, line in enumerate(text.split("\n")[:200], 1):
        if _ENTRY.match(line.strip()) and not _TITLE.match(line.strip()):
            return number, line.strip()
    return 1, ""


def _short(words: str, most: int = TEXT_MAX) -> str:
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _ci(path: str, text: str) -> Iterator[Found]:
    for document in documents(text)[:1]:
        system = ci_system(path)
        when = _when(document)
        jobs = document.at("jobs")
        for name, line, job in jobs.items():
            runs = list(_runs(job))
            unit = f"{path}#{name}"
            commands = "; ".join(_short(words, 80) for words, _ in runs[:COMMANDS_MAX])
            detail = f"runs {commands}" if commands else ""
            shown = job.at("name").text()
            label = shown if shown and "${{" not in shown else name
            words = f"{system} job, {when}" if when else f"{system} job"
            detail = f"{words}; {detail}" if detail else words
            yield Unit(unit, label, "job", path, line, detail, excerpt_of(text, line), path)
            if commands:
                code = "; ".join(f"`{_short(each, 80)}`" for each, _ in runs[:COMMANDS_MAX])
                yield Practice("check", f"{system} job `{name}` {when} runs {code}.", path, line)
            needs = job.at("needs")
            wanted = [(needs.text(), needs.line)] if needs.text() else []
            for need, at in [*wanted, *((each.text(), each.line) for each in needs.each())]:
                yield Tie(f"{path}#{need}", unit, "then", path, at)
            yield from _published(path, unit, job)


def _when(document: Marked) -> str:
    """Return what starts the jobs; YAML takes a bare `on` for true, its text is still `on`."""
    on = document.at("on")
    names = [on.text()] if on.text() else [each.text() for each in on.each()]
    names += [key for key, _, _ in on.items()]
    known = {"push": "pushes", "pull_request": "pull requests", "schedule": "a schedule"}
    triggers = [known.get(name, name.replace("_", " ")) for name in names if name]
    return f"on {' and '.join(triggers[:3])}" if triggers else ""


def _runs(job: Marked) -> Iterator[tuple[str, int]]:
    """Yield the commands of a job that are not about setting the machine up."""
    for step in job.at("steps").each():
        run = step.at("run")
        for words in _commands(run.text()):
            if not re.match(r"(cd|echo|export|set|sudo apt|python -m venv)\b", words):
                yield words, run.line


def _commands(script: str) -> Iterator[str]:
    """Yield the lines of a script that are commands: no braces, and no pieces of a longer one."""
    inside = ""  # the quote that a line has left open
    for line in re.sub(r"\\[ \t]*\n\s*", " ", script).split("\n"):
        words, was_inside, opened = line.strip(), bool(inside), 0
        for place, letter in enumerate(words):
            if letter in "\"'" and inside in ("", letter):
                inside, opened = ("", 0) if inside else (letter, place)
        if not was_inside and _COMMAND.match(words):
            yield f"{words[:opened].rstrip()} …" if inside else words


def _published(path: str, unit: str, job: Marked) -> Iterator[Found]:
    for step in job.at("steps").each():
        uses, run = step.at("uses"), step.at("run")
        action = uses.text().partition("@")[0]
        target, line = PUBLISHERS.get(action, ""), uses.line if action else 0
        for words, name in PUBLISHING.items():
            if words in run.text():
                target, line = name, run.line
        if target:
            yield Unit(f"to {target}", target, "outside", path, line, f"named in {path}:{line}")
            yield Tie(unit, f"to {target}", "publishes to", path, line)
            name = unit.partition("#")[2]
            yield Practice("release", f"Job `{name}` publishes to {target}.", path, line)


def _hooks(path: str, text: str) -> Iterator[Practice]:
    found: list[tuple[str, int]] = []
    for document in documents(text)[:1]:
        for repository in document.at("repos").each():
            for hook in repository.at("hooks").each():
                identity = hook.at("id")
                if identity.text():
                    found.append((identity.text(), identity.line))
    if found:
        names = ", ".join(f"`{name}`" for name, _ in found[:12])
        more = f" and {len(found) - 12} more" if len(found) > 12 else ""
        yield Practice("hook", f"Before each commit: {names}{more}.", path, found[0][1])


def _checks(path: str, text: str) -> Iterator[Practice]:
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        for mark, tool in _LINT.items():
            if line.strip().startswith(mark) and tool not in seen:
                seen.add(tool)
                yield Practice("check", f"`{tool}` is configured in `{path}`.", path, number)


def _guide(path: str, text: str) -> Iterator[Practice]:
    """Yield the headings of a guide with the first command or sentence under each."""
    lines = text.split("\n")
    count = 0
    for number, line in enumerate(lines, 1):
        heading = _heading(lines, number - 1)
        if not heading or count == HEADINGS_MAX or not _ABOUT_WORK.search(heading):
            continue
        body = _opening(lines, number + (0 if line.startswith("#") else 1))
        if body:
            count += 1
            yield Practice("contribute", f"{_short(heading, 80)}: {_short(body)}", path, number)


def _heading(lines: list[str], at: int) -> str:
    line = lines[at].strip()
    if re.match(r"#{2,3} \S", line):
        return line.lstrip("# ")
    under = lines[at + 1].strip() if at + 1 < len(lines) else ""
    is_ruled = len(under) > 3 and len(set(under)) == 1 and under[0] in "=-~^"
    return line if is_ruled and line and not line.startswith(("#", "..", "-")) else ""


def _opening(lines: list[str], at: int) -> str:
    part: list[str] = []
    for line in lines[at : at + 12]:
        if line.strip():
            part.append(line.strip())
        elif part:
            break
    words = re.sub(r"^([-*]|\d+\.) ", "", _RST.sub(r"\1", " ".join(part)).replace("``", "`"))
    return "" if words.startswith(("..", "```", "#", "|", "<")) else words
