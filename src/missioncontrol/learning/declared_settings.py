"""The settings that a repository declares for its linters and agents, without secrets."""

import re
import tomllib
from collections.abc import Iterator, Sequence

from missioncontrol.domain.learned import Rule, Settings
from missioncontrol.ports.history import TextFile

AGENT_TEXT_MAX = 60_000
PLACES = (
    (re.compile(r"(?:.+/)?AGENTS\.md"), "agents"),
    (re.compile(r"(?:.+/)?CLAUDE\.md"), "claude code"),
    (
        re.compile(r"\.claude/(?:settings\.json|commands/[\w.-]+\.md|agents/[\w.-]+\.md)"),
        "claude code",
    ),
    (re.compile(r"\.codex/[\w./-]+\.(?:toml|md)"), "codex"),
    (re.compile(r"GEMINI\.md|\.gemini/settings\.json"), "gemini"),
    (re.compile(r"\.cursorrules|\.cursor/rules/[\w.-]+"), "cursor"),
    (re.compile(r"\.github/copilot-instructions\.md"), "copilot"),
    (re.compile(r"\.mcp\.json"), "mcp"),
    (re.compile(r"opencode\.json"), "opencode"),
    (re.compile(r"agents\.toml"), "mission control"),
)
OMITTED = "(left out)"
_KEYED = re.compile(
    r"""(?ix)
    (?P<head> ["']? [\w-]* (?:api[_-]?key|token|secret|password|passwd|authorization|credential)
      [\w-]* ["']? \s* [:=] \s* ["']?)
    (?P<value> (?! \$ | \(left\ out\) ) [^\s"',}\]]{6,} (?:\ [^\s"',}\]]{6,})? )
    """
)
_SHAPED = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|xox[baprs]-[\w-]{10,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}|glpat-[\w-]{16,})"
)
OWN_FILES = {
    "ruff.toml": "ruff",
    ".ruff.toml": "ruff",
    ".flake8": "flake8",
    "mypy.ini": "mypy",
    "pyrightconfig.json": "pyright",
    ".pylintrc": "pylint",
    ".pre-commit-config.yaml": "pre-commit",
    ".editorconfig": "editorconfig",
    "biome.json": "biome",
    ".golangci.yml": "golangci-lint",
    ".golangci.yaml": "golangci-lint",
    "rustfmt.toml": "rustfmt",
    "clippy.toml": "clippy",
    ".clang-format": "clang-format",
    "checkstyle.xml": "checkstyle",
    ".importlinter": "import-linter",
}
FAMILIES = (
    (re.compile(r"\.eslintrc(\.\w+)?|eslint\.config\.\w+"), "eslint"),
    (re.compile(r"\.prettierrc(\.\w+)?|prettier\.config\.\w+"), "prettier"),
    (re.compile(r"\.stylelintrc(\.\w+)?"), "stylelint"),
)
SECTIONS = {
    "pyproject.toml": tuple(
        (f"tool.{name}", name)
        for name in (
            "ruff",
            "black",
            "isort",
            "mypy",
            "pyright",
            "pylint",
            "flake8",
            "importlinter",
        )
    ),
    "setup.cfg": (("flake8", "flake8"), ("mypy", "mypy"), ("isort", "isort"), ("pylint", "pylint")),
    "tox.ini": (("flake8", "flake8"),),
}
TEXT_MAX = 40_000
_HEADER = re.compile(r"^\[+\s*([^\]\n]+?)\s*\]+", re.MULTILINE)


def declared(files: Sequence[TextFile]) -> Iterator[tuple[Rule, int]]:
    """Yield the settings of each linter at the top of the repository, with their line."""
    for file in files:
        if "/" in file.path or len(file.text) > TEXT_MAX:
            continue
        tool = OWN_FILES.get(file.path) or next(
            (name for form, name in FAMILIES if form.fullmatch(file.path)), ""
        )
        if tool and file.text.strip():
            yield Rule(tool, file.path, "", file.text), 1
        for section, name in SECTIONS.get(file.path, ()):
            text = section_of(file.text, section)
            if text:
                yield (
                    Rule(name, file.path, section, text),
                    file.text[: file.text.index(text)].count("\n") + 1,
                )


def section_of(text: str, section: str) -> str:
    """Return the lines of a table and of those below it; those that stand apart are joined."""
    heads = [(each.start(), each[1].strip()) for each in _HEADER.finditer(text)]
    ends = [start for start, _ in heads[1:]] + [len(text)]
    own = [
        text[start:end]
        for (start, name), end in zip(heads, ends, strict=True)
        if name == section or name.startswith((f"{section}.", f"{section}-", f"{section}:"))
    ]
    return "".join(own).rstrip() + "\n" if own else ""


def is_readable(rule: Rule) -> bool:
    """Tell whether the settings can be read as what their file is."""
    if rule.path.endswith(".toml"):
        try:
            tomllib.loads(rule.text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return False
    return bool(rule.text.strip())


def agent_settings(files: Sequence[TextFile]) -> Iterator[Settings]:
    """Yield the settings of each tool, as they are checked out."""
    for file in files:
        tool = next((name for form, name in PLACES if form.fullmatch(file.path)), "")
        if tool and file.text.strip() and len(file.text) <= AGENT_TEXT_MAX:
            text, count = without_secrets(file.text)
            yield Settings(tool, file.path, text, count)


def without_secrets(text: str) -> tuple[str, int]:
    """Return a text without values that look like secrets, and how many there were."""
    text, keyed = _KEYED.subn(lambda found: found["head"] + OMITTED, text)
    text, shaped = _SHAPED.subn(OMITTED, text)
    return text, keyed + shaped
