"""Golden vectors for pipeline/lib/signal/qrs/swt.ts from PyWavelets.

Requires: pip install PyWavelets==1.9.0 numpy==2.4.6
Run from the project's root: python tasks/parity/swt_golden.py
"""

import json
from pathlib import Path

import numpy as np
import pywt

ROOT = Path("pipeline/lib/signal/qrs/testdata")


def main():
    rng = np.random.default_rng(21)
    x = np.round(np.sin(np.arange(256) / 5) + 0.3 * rng.standard_normal(256) + 1, 6)
    detail = pywt.swt(x, "db3", level=3)[0][1]
    golden = {
        "made": f"tasks/parity/swt_golden.py, PyWavelets {pywt.__version__}, numpy {np.__version__}",
        "x": x.tolist(),
        "detail": detail.tolist(),
    }
    ROOT.mkdir(parents=True, exist_ok=True)
    (ROOT / "pywavelets.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
