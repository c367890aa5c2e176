"""Writes SHA256SUMS for a page and what it was built from: `write_manifest.py DIGEST`.

DIGEST is what the page was when it was built; another page is refused. `sha256sum --check` reads
the manifest beside the page and the documents.
"""

import hashlib
import json
import sys
from pathlib import Path

page = hashlib.sha256(Path("handbook.html").read_bytes()).hexdigest()
if page != sys.argv[1]:
    sys.exit(f"handbook.html is {page}, and {sys.argv[1]} was built.")
index = json.loads(Path("index.json").read_text(encoding="utf-8"))
lines = [f"{page}  handbook.html"]
lines += [f"{known['sha256']}  documents/{path}" for path, known in index.items()]
Path("SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")
print(f"{len(lines)} files")
