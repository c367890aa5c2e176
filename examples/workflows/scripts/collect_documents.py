"""Copies Markdown files below documents/ and says what is in them: `collect_documents.py SOURCE`.

Writes index.json: by path the title, the anchors of all headings, and the SHA-256; and to standard
output {"documents": [paths in order]}.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from markdown_text import anchors_of, headings_of

FILES_MAX = 199  # As many as a step can hand on, together with the index.
BYTES_MAX = 4_000_000


def described(text: str, content: bytes) -> dict[str, Any]:
    """Return what other steps want to know of a document."""
    headings = headings_of(text)
    return {
        "title": headings[0].text if headings else "",
        "anchors": anchors_of(headings),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def main() -> None:
    """Collect."""
    source = Path(sys.argv[1])
    if not source.is_dir():
        sys.exit(f"{source} is no directory.")
    found = sorted(path for path in source.rglob("*.md") if path.is_file() and path.stat().st_size)
    if not 1 <= len(found) <= FILES_MAX:
        sys.exit(f"{source} has {len(found)} Markdown files; it must be 1 to {FILES_MAX}.")
    index = {}
    for path in found:
        name = path.relative_to(source).as_posix()
        content = path.read_bytes()
        if len(content) > BYTES_MAX:
            sys.exit(f"{name} has {len(content):,} bytes; at most {BYTES_MAX:,} fit.")
        index[name] = described(content.decode("utf-8", "replace"), content)
        target = Path("documents", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    Path("index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"documents": list(index)}))


main()
