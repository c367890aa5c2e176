"""Leaves a note about a run that failed: `write_incident.py DIRECTORY RUN ERRORS.json`.

ERRORS.json has the error of each step by its name, empty where there was none.
"""

import json
import sys
from pathlib import Path

directory, run, errors_file = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
errors = json.loads(errors_file.read_text(encoding="utf-8"))
lines = [f"# Incident in {run}", ""]
lines += [f"- {name}: {error}" for name, error in errors.items() if error]
lines += ["", f"`mission show {run}` tells the rest; `mission runs retry {run}` does it again.", ""]
directory.mkdir(parents=True, exist_ok=True)
note = directory / f"incident-{run}.md"
note.write_text("\n".join(lines), encoding="utf-8")
print(note)
