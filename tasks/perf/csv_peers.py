"""Speed of pandas.read_csv, for `deno task perf csv --python <this Python>`.

Requires: pip install pandas==3.1.1
Run: python csv_peers.py <passes> <header lines> < text; prints one JSON object.
"""

import io
import json
import sys
import time

import pandas as pd

passes, header = int(sys.argv[1]), int(sys.argv[2])
text = sys.stdin.buffer.read()


def best_of(**options):
    best = float("inf")
    for _ in range(passes):
        start = time.process_time()
        pd.read_csv(io.BytesIO(text), header=0 if header else None, **options)
        best = min(best, time.process_time() - start)
    return best


# "round_trip" gives the nearest double as our reader does; the default may be off by a few units in the last place.
print(json.dumps({"pandas": best_of(), "pandas exact": best_of(float_precision="round_trip"), "version": pd.__version__}))
