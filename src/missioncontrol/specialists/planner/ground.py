"""What a plan stands on: the goal as it was read, and what was read of the repository."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.stack_trace import Trace
from missioncontrol.specialists.planner.goal import Goal
from missioncontrol.specialists.planner.source import Sources
from missioncontrol.specialists.ranking.index import Index

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Stack
    from missioncontrol.specialists.tree import Tree

CHANGES = re.compile(
    r"(?i)^(?:docs?/)?(?:changes|changelog|history|news|release[-_]notes)(?:\.\w+)?$"
)
"""Files in which a project tells what each version brings."""
_PAGE = re.compile(
    r"(?i)\.(?:html?|css|s[ac]ss|less|jsx|tsx|vue|svelte|astro|erb|haml|slim|twig|j2|jinja2?|hbs|ejs"
    r"|cshtml|razor|xaml|ui|qml|swift|storyboard|kt)$"
)
_NO_PAGE = re.compile(
    r"(?i)(?:^|/)(?:docs?|website|site|www|examples?|samples?|tests?|spec|fixtures?|testdata)/"
)
"""Pages beside the product, which work on the product does not change."""
NUMBERED = re.compile(r"(?i)\b(?:release|publish|ship|tag|cut)\s+(?:version\s+|v)?\d+\.\d")
"""A release of one version, and not a change of how releases are made."""


class Ground(msgspec.Struct, frozen=True):
    """What the planner knows before it writes a word; `tree` is None without a repository."""

    goal: Goal
    tree: "Tree | None"
    stack: "Stack | None"
    sources: Sources | None
    index: Index | None  # what the files are ranked by
    arrows: Mapping[str, Sequence[str]]
    commits: int  # 0 where there is no history
    trace: Trace | None = None  # the stack trace that came with the goal
    commits_read: int = 0  # the newest of `commits` that the ranking and the estimates know

    @property
    def has_code(self) -> bool:
        """Whether anything stands that could be changed."""
        return self.tree is not None and any(f.kind in {"code", "test"} for f in self.tree.files)

    @property
    def has_pages(self) -> bool:
        """Whether the repository holds code of pages: mark-up, style sheets or components."""
        files = self.tree.files if self.tree else ()
        return any(_PAGE.search(file.path) and not _NO_PAGE.search(file.path) for file in files)

    @property
    def name(self) -> str:
        """The project's name as its manifest gives it, or an empty string."""
        return self.stack.name if self.stack else ""


def main_manifest(stack: "Stack") -> str:
    """Return the manifest that speaks for the project, or an empty string."""
    return stack.packages[0].manifest if stack.packages else ""
