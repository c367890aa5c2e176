"""Compiles one document in a process of its own, whose time and memory are limited."""

# This file runs as a script: its input may be large or hostile, and a running compiler can't be
# stopped from inside. It gets no files and no packages, and only its own fonts and those that the
# order names.

import json
import resource
import sys
import tempfile
from typing import Any

import typst

BYTES_MAX = 2_000_000_000


def main() -> int:
    """Read an order as JSON; write the file, or a JSON object with the fault."""
    order = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES_MAX, BYTES_MAX))
    with tempfile.TemporaryDirectory() as empty:
        try:
            content = _compiled(order, empty)
        except typst.TypstError as fault:
            json.dump({"fault": fault.message, "hints": fault.hints}, sys.stderr)
            return 2
    sys.stdout.buffer.write(content)
    return 0


def _compiled(order: dict[str, Any], empty: str) -> bytes:
    compiler = typst.Compiler(
        order["source"].encode(),
        root=empty,
        font_paths=typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=True,
            font_paths=order.get("fonts") or [],
        ),
        ignore_system_fonts=True,
        sys_inputs=order["inputs"],
        package_path=empty,
        package_cache_path=empty,
    )
    made = compiler.compile(
        format=order["format"],
        ppi=order.get("ppi"),
        pdf_standards=order.get("standards") or [],
        timestamp=0,
    )
    return made if isinstance(made, bytes) else b"".join(made or [])


if __name__ == "__main__":
    sys.exit(main())
