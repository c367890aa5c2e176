"""Hides what stands in the places and forms of secrets; the values of known secrets go elsewhere.

Hooks import this while an agent waits for them, so it imports little.
"""

import re

_SECRET = re.compile(
    r"(?i)(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=bearer )\S+|(?<=basic )[A-Za-z0-9+/=]{8,}"
    r"|\b(?:sk|pk|rk|xai|gsk|hf|ghp|gho|ghs|ghu|glpat|xox[abps])[-_][A-Za-z0-9_-]{12,}"
    r"|\bgithub_pat_\w{12,}|(?<=-u )[^\s:]+:\S+|(?<=--user )[^\s:]+:\S+"
    r"|\b(?:AKIA|ASIA|AIza)[A-Za-z0-9_-]{12,}|\beyJ[\w-]{10,}\.[\w.-]+"
    r"|(?P<name>[\w-]*(?:password|passwd|secret|token|api[-_]?key|credential)[\w-]*)"
    r"(?P<sign>[\"']?[=:]\s*|\s+)(?P<quote>[\"']?)(?P<value>[^\s\"']{6,})"
)


def without_secrets(text: str) -> str:
    """Return a text with `[secret]` in place of each."""
    return _SECRET.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    if not found["value"]:
        return "[secret]"
    return f"{found['name']}{found['sign']}{found['quote']}[secret]"
