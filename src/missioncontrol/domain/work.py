"""What an agent hands back: a summary, facts, findings, artifacts, and the evidence for them."""

from typing import Any, Literal

import msgspec

Severity = Literal["info", "low", "medium", "high", "critical"]


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens and money that some work took; both add up."""

    input_tokens: int = 0  # cached ones, read and written, included
    cached_tokens: int = 0  # read from a cache
    output_tokens: int = 0  # reasoning ones included
    reasoning_tokens: int = 0
    cost: int | None = 0  # micro-dollars; None where a price is not known, which is not free
    cache_write_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Add two usages; an unknown cost makes the sum unknown."""
        known = self.cost is not None and other.cost is not None
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            (self.cost or 0) + (other.cost or 0) if known else None,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def tokens(self) -> int:
        """All tokens, in and out."""
        return self.input_tokens + self.output_tokens


NO_USAGE = Usage()


class Bill(msgspec.Struct, frozen=True, gc=False):
    """The money that some work took, with what is known of it apart from what is not."""

    cost: int = 0  # micro-dollars, of all whose price is known
    unpriced_tokens: int = 0
    is_whole: bool = True  # the price of everything is known
    estimated_tokens: int = 0  # those of all tokens that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of `cost`

    def __add__(self, usage: Usage) -> "Bill":
        """Count a measured usage."""
        return self.plus(usage, estimated=False)

    def plus(self, usage: Usage, *, estimated: bool) -> "Bill":
        """Count a usage; an estimated one counts in the totals and in their estimated part."""
        is_priced = usage.cost is not None
        cost = usage.cost or 0
        return Bill(
            self.cost + cost,
            self.unpriced_tokens + (0 if is_priced else usage.tokens),
            self.is_whole and is_priced,
            self.estimated_tokens + (usage.tokens if estimated else 0),
            self.estimated_cost + (cost if estimated else 0),
        )


NO_BILL = Bill()


class ArtifactRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stored file: found by its digest, so it cannot change under its name."""

    name: str  # a relative path with `/`, unique within its step
    digest: str  # SHA-256 of the bytes, lower-case hexadecimal
    size: int  # bytes
    media_type: str
    title: str = ""
    obtained: str = ""  # how it came to be: the command or the method, in words


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured thing, with where it can be checked."""

    label: str
    value: str | int | float | bool
    unit: str = ""
    artifact: str = ""  # the artifact of the same step that holds it
    pointer: str = ""  # a JSON pointer (RFC 6901) or a line in that artifact
    obtained: str = ""  # how it was measured


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A remark about the repository for its people, with its place and its remedy."""

    rule: str  # the tool's own name for it, such as `bandit.B602`
    severity: Severity
    title: str
    path: str = ""  # relative to the repository, with `/`
    line: int = 0  # 1-based; 0 where it concerns the whole file
    detail: str = ""
    remedy: str = ""
    obtained: str = ""


class CommandRan(msgspec.Struct, frozen=True, tag="command"):
    """Evidence: a command ended with this exit status."""

    argv: tuple[str, ...]
    exit_code: int
    seconds: float
    log: str = ""  # the artifact with its output


class TestsRan(msgspec.Struct, frozen=True, tag="tests"):
    """Evidence: a test report was written, with these counts in it."""

    report: str  # the JUnit XML artifact, or "" where only the exit status is known
    passed: int
    failed: int
    errors: int
    skipped: int


class FilesRead(msgspec.Struct, frozen=True, tag="files"):
    """Evidence: this much of the repository was read, and this much was left out."""

    read: int
    left_out: int
    commit: str = ""


Evidence = CommandRan | TestsRan | FilesRead


class Work(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The result of one attempt, before the engine has checked it."""

    summary: str = ""  # one sentence that a person reads first
    output: Any = None  # JSON for the steps that follow
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    artifacts: tuple[ArtifactRef, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    usage: Usage = NO_USAGE


NO_WORK = Work()
