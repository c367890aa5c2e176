"""Sums a column of one part by another one: `sum_part.py PART.csv GROUP_BY SUM`.

Writes {"rows": N, "bad_rows": N, "sums": {group: "exact decimal"}} to standard output.
"""

import csv
import json
import sys
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from pathlib import Path


def number_of(text: "str | None") -> "Decimal | None":
    """Return the number that a cell holds, None where it holds none."""
    try:
        found = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def main() -> None:
    """Sum one part."""
    group_by, column = sys.argv[2:]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    rows = bad_rows = 0
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            rows += 1
            number = number_of(row[column])
            if number is None:
                bad_rows += 1
            else:
                sums[row[group_by] or ""] += number
    totals = {group: str(total) for group, total in sums.items()}
    print(json.dumps({"rows": rows, "bad_rows": bad_rows, "sums": totals}))


main()
