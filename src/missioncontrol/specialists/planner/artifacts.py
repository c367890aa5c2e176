"""The artifacts that each local specialist always hands in, by name and media type."""

from missioncontrol.domain.plan import Role

JSON, MARKDOWN = "application/json", "text/markdown"
ARTIFACTS: dict[Role, tuple[tuple[str, str], ...]] = {
    "surveyor": (("survey.json", JSON), ("survey.md", MARKDOWN)),
    "historian": (("history.json", JSON), ("history.md", MARKDOWN)),
    "architect": (
        ("architecture.json", JSON),
        ("architecture.md", MARKDOWN),
        ("modules.svg", "image/svg+xml"),
        ("modules.mmd", "text/vnd.mermaid"),
    ),
    "tester": (("tests.json", JSON), ("tests.md", MARKDOWN)),
    "auditor": (("audit.sarif", "application/sarif+json"), ("audit.md", MARKDOWN)),
    "writer": (
        ("specification.md", MARKDOWN),
        ("outline.md", MARKDOWN),
        ("execution-pack.md", MARKDOWN),
        ("execution-pack.json", JSON),
    ),
    "reviewer": (("review.json", JSON), ("review.md", MARKDOWN)),
    "builder": (),
}
"""What each local specialist always hands in; whatever else it produces is welcome."""
