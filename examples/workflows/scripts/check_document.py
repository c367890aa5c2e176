"""Checks one document: `check_document.py DOCUMENT.md INDEX.json PATH`.

PATH is what the document is called in the index. Writes {"path": …, "faults": ["path:line: …"]}.
"""

import json
import posixpath
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markdown_text import headings_of, links_of

OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def faults_of_headings(text: str) -> "list[tuple[int, str]]":
    """Return lines and what is wrong with the headings on them."""
    headings = headings_of(text)
    if not headings:
        return [(1, "there is no heading")]
    found = []
    if headings[0].level != 1:
        found.append((headings[0].line, "the first heading is none of the first level"))
    found += [
        (heading.line, f"{heading.text!r} is a second heading of the first level")
        for heading in headings[1:]
        if heading.level == 1
    ]
    found += [
        (after.line, f"{after.text!r} skips a level below {before.text!r}")
        for before, after in pairwise(headings)
        if after.level > before.level + 1
    ]
    return found


def fault_of_link(target: str, path: str, index: "dict[str, Any]") -> str:
    """Return what is wrong with a link, or an empty text. Other sites are not asked."""
    if OUTSIDE.match(target):
        return ""
    place, _, anchor = target.partition("#")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(place)))
    file = path if not place else file
    if not file.endswith(".md"):
        return ""  # A picture or a directory: nothing of it was collected.
    if file not in index:
        return f"the link {target!r} leads to {file!r}, which is not there"
    if anchor and unquote(anchor).lower() not in index[file]["anchors"]:
        return f"the link {target!r} leads to no heading of {file!r}"
    return ""


def main() -> None:
    """Check."""
    document, index_file, path = sys.argv[1:]
    text = Path(document).read_text(encoding="utf-8", errors="replace")
    index = json.loads(Path(index_file).read_text(encoding="utf-8"))
    found = faults_of_headings(text)
    for line, target in links_of(text):
        if fault := fault_of_link(target, path, index):
            found.append((line, fault))
    faults = [f"{path}:{line}: {fault}" for line, fault in sorted(found)]
    print(json.dumps({"path": path, "faults": faults}))


main()
