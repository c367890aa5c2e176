"""Says what part a file plays in a repository: a test, an example, a part of the build."""

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile

CHANGE_LOG = re.compile(
    r"(?i)(?:^|/)(?:changes|changelog|history|news|release[-_]?notes)[^/]*$"
    r"|(?:^|/)(?:newsfragments|changelog\.d|\.changeset|changes|news)/[^/]+$"
)
_EXAMPLE = re.compile(
    r"(?i)(?:^|/)_?(?:examples?|samples?|demos?|bench(?:marks?)?|scripts?|tools?|website|www)/"
)
"""Code beside the product."""
_BUILD = re.compile(
    r"(?i)(?:^|/)(?:\.github|\.circleci|\.gitlab|\.buildkite|ci)/"
    r"|(?:^|/)(?:makefile|dockerfile|rakefile|gemfile|justfile|tox\.ini|setup\.(?:py|cfg)|noxfile\.py"
    r"|pyproject\.toml|package\.json|cargo\.toml|go\.mod|pom\.xml|[^/]*\.gradle(?:\.kts)?|[^/]*\.gemspec)$"
)
_ENTRY = frozenset({"__init__", "__main__", "index", "main", "mod", "lib"})


def roles(file: "SourceFile") -> dict[str, float]:
    """Return what a file is, each 1 where it is so: `is_test`, `is_example` and the like."""
    path = file.path
    found = {
        "is_test": file.kind == "test",
        "is_document": file.kind == "document",
        "is_configuration": file.kind in {"configuration", "data"},
        "is_change_log": CHANGE_LOG.search(path) is not None,
        "is_example": _EXAMPLE.search(path) is not None,
        "is_build": _BUILD.search(path) is not None,
        "is_entry": PurePosixPath(path).name.split(".")[0] in _ENTRY,
    }
    return {name: 1.0 for name, holds in found.items() if holds}
