"""Splits a CSV file into parts of about as many rows each: `split_csv.py FILE PARTS COLUMN...`.

Writes part-001.csv and so on, each with the header, and to standard output
{"rows": N, "parts": [names]}. Every COLUMN has to be there.
"""

import csv
import json
import sys
from contextlib import ExitStack
from pathlib import Path

PARTS_MAX = 200


def main() -> None:
    """Deal the rows out, one after the other."""
    wanted = int(sys.argv[2])
    if not 1 <= wanted <= PARTS_MAX:
        sys.exit(f"parts is {wanted}; it must be 1 to {PARTS_MAX}.")
    with ExitStack() as files, Path(sys.argv[1]).open(encoding="utf-8-sig", newline="") as source:
        rows = csv.reader(source)
        header = next(rows, None)
        if not header:
            sys.exit(f"{sys.argv[1]} is empty: its first line has to name the columns.")
        if missing := set(sys.argv[3:]) - set(header):
            listed = ", ".join(sorted(missing))
            sys.exit(f"There is no column {listed}; there are {', '.join(header)}.")
        names = [f"part-{number:03}.csv" for number in range(1, wanted + 1)]
        writers = [
            csv.writer(files.enter_context(Path(name).open("w", encoding="utf-8", newline="")))
            for name in names
        ]
        for writer in writers:
            writer.writerow(header)
        count = 0
        for row in rows:
            if row:  # An empty line is none.
                writers[count % wanted].writerow(row)
                count += 1
    print(json.dumps({"rows": count, "parts": names}))


main()
