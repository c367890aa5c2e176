"""The settings of agents in a repository, without values that look like secrets."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.domain.learned import Settings
from missioncontrol.ports.history import TextFile

TEXT_MAX = 60_000
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
LEFT_OUT = "(left out)"
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


def settings(files: Sequence[TextFile]) -> Iterator[Settings]:
    """Yield the settings of each tool, as they are checked out."""
    for file in files:
        tool = next((name for form, name in PLACES if form.fullmatch(file.path)), "")
        if tool and file.text.strip() and len(file.text) <= TEXT_MAX:
            text, count = without_secrets(file.text)
            yield Settings(tool, file.path, text, count)


def without_secrets(text: str) -> tuple[str, int]:
    """Return a text without values that look like secrets, and how many there were."""
    text, keyed = _KEYED.subn(lambda found: found["head"] + LEFT_OUT, text)
    text, shaped = _SHAPED.subn(LEFT_OUT, text)
    return text, keyed + shaped
