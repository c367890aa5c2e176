"""Checks merged totals before they are published: `validate_totals.py FIGURES.json PUBLISHED.csv`.

The totals lie in totals.csv; PUBLISHED.csv may be missing. Writes {"changed": …} to standard
output, and ends with exit status 1 and every fault where the totals can't be right.
"""

import json
import sys
from pathlib import Path

figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
split, merged, bad_rows_max = figures["split"], figures["merged"], figures["bad_rows_max"]
faults = []
if merged["rows"] != split["rows"]:
    faults.append(f"Rows split: {split['rows']}; rows summed: {merged['rows']}.")
if merged["bad_rows"] > bad_rows_max:
    faults.append(
        f"Rows without a number: {merged['bad_rows']}; at most {bad_rows_max} may be left out."
    )
if not merged["groups"]:
    faults.append("There is not one total.")
if faults:
    sys.exit("\n".join(faults))
published = Path(sys.argv[2])
known = published.read_bytes() if published.exists() else None
print(json.dumps({"changed": known != Path("totals.csv").read_bytes()}))
