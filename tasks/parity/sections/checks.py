"""How the scripts of this folder say what they found: one JSON line a check."""

import json
import math
import sys
from pathlib import Path


def check(case, measure, value, limit=None):
    """A value that is not finite is said as text: JSON has no NaN."""
    value = float(value)
    print(json.dumps({"case": case, "measure": measure, "value": value if math.isfinite(value) else "NaN", "limit": limit}))


def cases():
    """The folder to exchange files in, and the cases that TypeScript wrote there."""
    folder = Path(sys.argv[1])
    return folder, json.loads((folder / "cases.json").read_text())
