"""Puts files into a directory, each as a whole or not at all: `publish.py DIRECTORY NAME...`.

The files lie where it starts. Writes {"written": […], "unchanged": […]} to standard output, paths.
"""

import json
import os
import sys
from pathlib import Path


def publish(source: Path, target: Path) -> bool:
    """Make `target` the same as `source`; return whether it was not yet."""
    content = source.read_bytes()
    if target.exists() and target.read_bytes() == content:
        return False
    # Concurrent readers see the old file or the new one.
    waiting = target.with_name(f".{target.name}.{os.getpid()}")
    waiting.write_bytes(content)
    waiting.replace(target)
    return True


def main() -> None:
    """Publish all that are named."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    report: dict[str, list[str]] = {"written": [], "unchanged": []}
    for name in sys.argv[2:]:
        target = directory / name
        report["written" if publish(Path(name), target) else "unchanged"].append(str(target))
    print(json.dumps(report))


main()
