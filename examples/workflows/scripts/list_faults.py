"""Lists the faults of all documents: `list_faults.py CHECKED.json`.

CHECKED.json is a list of what check_document.py writes. Writes faults.md, and to standard output
{"count": N, "first": [the first of them]}.
"""

import json
import sys
from pathlib import Path

FIRST_MAX = 20

checked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
faults = [fault for each in checked for fault in each["faults"]]
sound = sum(not each["faults"] for each in checked)
lines = ["# Faults in the documents", "", f"{sound} of {len(checked)} documents have none.", ""]
lines += [f"- {fault}" for fault in faults]
Path("faults.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
print(json.dumps({"count": len(faults), "first": faults[:FIRST_MAX]}))
