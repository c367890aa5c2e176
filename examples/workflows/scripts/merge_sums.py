"""Merges the sums of all parts: `merge_sums.py SUMS.json GROUP_BY SUM`.

SUMS.json is a list of what sum_part.py writes. Writes totals.csv, ordered by group, and
{"rows": N, "bad_rows": N, "groups": N} to standard output.
"""

import csv
import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

parts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
totals: dict[str, Decimal] = defaultdict(Decimal)
for part in parts:
    for group, total in part["sums"].items():
        totals[group] += Decimal(total)
with Path("totals.csv").open("w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(sys.argv[2:])
    writer.writerows((group, f"{totals[group]:f}") for group in sorted(totals))
counted = {name: sum(part[name] for part in parts) for name in ("rows", "bad_rows")}
print(json.dumps({**counted, "groups": len(totals)}))
