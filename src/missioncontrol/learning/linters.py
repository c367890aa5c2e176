"""The declared settings of a repository's linters."""

import re
import tomllib
from collections.abc import Iterator, Sequence

from missioncontrol.domain.learned import Rule
from missioncontrol.ports.history import TextFile

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
