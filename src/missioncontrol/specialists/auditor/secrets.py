"""Secrets in files, found by detect-secrets; the secret itself never leaves this module."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from missioncontrol.specialists.auditor.issue import Confidence, Issue, Scope, scope_of

if TYPE_CHECKING:
    from missioncontrol.domain.work import Severity
    from missioncontrol.specialists.tree import SourceFile, Tree

FILE_BYTES_MAX = 512 * 1024
OBTAINED = (
    "detect-secrets with its keyword detector and its token formats but IBM's; no entropy detectors"
)
WORDY = frozenset({"KeywordDetector", "BasicAuthDetector"})
"""Detectors that go by the words around a value; in tests and documents they find only examples."""
NOISY = frozenset({"Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"})
SLOW = frozenset(
    {"CloudantDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "SoftlayerDetector"}
)
"""Four formats of one vendor that take as long as all others together."""
LENGTH_MIN, ENTROPY_MIN = 8, 3.0
PLACEHOLDER = re.compile(
    r"(?i)^(?:x+|\*+|\.+)$|example|sample|dummy|change.?me|placeholder|insert|your[-_ ]|<.*>|"
    r"\$\{|\{\{|%\(|^\$|todo|redacted|not.?a.?secret|development|secret|passw|default|test|fake"
)


def secrets(tree: "Tree", root: Path, *, is_late: Callable[[], bool]) -> tuple[list[Issue], int]:
    """Return what was found and how many files were left unread for want of time."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.settings import transient_settings

    kinds: dict[str, type] = get_mapping_from_secret_type_to_class()
    detectors = {
        kind.__name__: kind for kind in kinds.values() if kind.__name__ not in NOISY | SLOW
    }
    found: list[Issue] = []
    files = sorted(filter(_is_read, tree.files), key=lambda file: scope_of(file) != "product")
    left = len(files)
    for wordy in (True, False):
        chosen = sorted(name for name in detectors if wordy or name not in WORDY)
        signs = _signs(detectors[name] for name in chosen)
        with transient_settings({"plugins_used": [{"name": name} for name in chosen]}):
            for file in files:
                scope = scope_of(file)
                if (scope == "product") is not wordy:
                    continue
                if is_late():
                    return found, left
                left -= 1
                text = tree.text(file.path) or ""
                if any(sign.search(text) for sign in signs):
                    found.extend(_in_file(root, file, scope))
    return found, left


def _signs(detectors: Iterable[type]) -> list[re.Pattern[str]]:
    """Return patterns of which at least one is in every file that a detector has something on.

    Searching a whole text with them is far quicker than a scan line by line.
    """
    from detect_secrets.plugins.keyword import DENYLIST

    signs = [re.compile("|".join(DENYLIST), re.IGNORECASE)]
    for detector in detectors:
        signs += [
            re.compile(each.pattern, each.flags | re.MULTILINE)
            for each in getattr(detector, "denylist", None) or ()
        ]
    return signs


def _is_read(file: "SourceFile") -> bool:
    return file.kind not in {"binary", "vendored", "generated"} and 0 < file.size <= FILE_BYTES_MAX


def _in_file(root: Path, file: "SourceFile", scope: Scope) -> Iterator[Issue]:
    from detect_secrets.core.scan import scan_file

    for secret in sorted(
        scan_file(str(root / file.path)), key=lambda each: (each.line_number, each.type)
    ):
        yield _issue(secret, file.path, scope)


def _issue(secret: Any, path: str, scope: Scope) -> Issue:
    kind = str(secret.type)
    value = str(secret.secret_value or "")
    confidence, severity = _weight(kind, value, scope)
    known = "" if kind == "Private Key" else hashlib.sha256(value.encode()).hexdigest()[:8]
    detail = f"; SHA-256 of the value starts with {known}" if known else ""
    return Issue(
        f"detect-secrets.{kind.lower().replace(' ', '-').replace('(', '').replace(')', '')}",
        "security",
        severity,
        confidence,
        f"{_article(kind)} stands in the file",
        path,
        int(secret.line_number),
        scope=scope,
        why=f"Everybody who can read the repository, or its history, has it{detail}.",
        remedy="Revoke it where it was issued; read the new one from the environment or a vault.",
        tool="detect-secrets",
        mark=known,
    )


def _weight(kind: str, value: str, scope: Scope) -> "tuple[Confidence, Severity]":
    if kind in {"Secret Keyword", "Basic Auth Credentials"}:
        sure = scope == "product" and _looks_random(value)
        return ("medium", "medium") if sure else ("low", "low")
    return ("high", "critical") if scope == "product" else ("low", "low")


def _looks_random(value: str) -> bool:
    """Whether a value is long and mixed enough to be a real one, not a word that stands for one."""
    if len(value) < LENGTH_MIN or PLACEHOLDER.search(value) or " " in value:
        return False
    has_both = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return has_both and entropy >= ENTROPY_MIN


def _article(kind: str) -> str:
    names = {
        "Secret Keyword": "What looks like a password or key",
        "Basic Auth Credentials": "A URL with name and password",
        "Private Key": "A private key",
    }
    return names.get(kind, f"What has the form of {'an' if kind[0] in 'AEIO' else 'a'} {kind}")
