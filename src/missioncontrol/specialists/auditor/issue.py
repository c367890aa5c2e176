"""One thing an audit found, the rule it breaks, and whether a person should see it first."""

import functools
import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from missioncontrol.domain.work import Severity

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile

Confidence = Literal["high", "medium", "low"]
Scope = Literal["product", "beside", "test", "vendored"]
Topic = Literal["security", "supply", "quality"]
ORDER: dict[str, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3, "info": 4}
SURENESS: dict[str, int] = {"high": 0, "medium": 1, "low": 2}
BESIDE = frozenset(
    {"benchmark", "benchmarks", "bench", "demo", "demos", "doc", "docs", "documentation"}
    | {"example", "examples", "sample", "samples", "tutorial", "tutorials"}
)
FIXTURES = frozenset({"fixture", "fixtures", "testdata", "test", "tests", "testing", "__tests__"})


class Rule(msgspec.Struct, frozen=True):
    """The weight of a rule, why it matters, and what to do."""

    severity: Severity
    title: str
    why: str
    remedy: str


class Issue(msgspec.Struct, frozen=True):
    """A finding before anyone decided where it is shown."""

    rule: str  # `bandit.B602`, `detect-secrets.aws-access-key`, …
    topic: Topic
    severity: Severity
    confidence: Confidence
    title: str
    path: str
    line: int = 0
    end_line: int = 0
    scope: Scope = "product"
    why: str = ""
    remedy: str = ""
    tool: str = ""
    mark: str = ""  # tells two findings of one rule in one file apart without naming a secret

    @property
    def is_shown(self) -> bool:
        """Whether it is put before a person; all others stand in the SARIF only."""
        return self.scope == "product" and self.confidence != "low" and self.severity != "info"


def rank(issue: Issue) -> tuple[int, int, str, str, int, str]:
    """Order: the most severe first, then the surest, then by rule and place."""
    return (
        ORDER[issue.severity],
        SURENESS[issue.confidence],
        issue.rule,
        issue.path,
        issue.line,
        issue.mark,
    )


def scope_of(file: "SourceFile") -> Scope:
    """Say whether a file is the product, stands beside it, tests it, or came from elsewhere."""
    parts = PurePosixPath(file.path).parts
    if file.kind in {"vendored", "generated"}:
        return "vendored"
    if file.kind == "test" or FIXTURES.intersection(part.lower() for part in parts[:-1]):
        return "test"
    if file.kind == "document" or BESIDE.intersection(part.lower() for part in parts[:-1]):
        return "beside"
    return "product"


@functools.cache
def rules() -> dict[str, Rule]:
    """Return every rule by its whole name, such as `bandit.B602`."""
    data: dict[str, Any] = tomllib.loads(
        Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")
    )
    return {
        f"{group}.{name}": msgspec.convert(fields, Rule)
        for group, members in data.items()
        for name, fields in members.items()
    }
