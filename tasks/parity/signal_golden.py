"""Golden vectors for pipeline/lib/signal from SciPy.

Requires: pip install scipy==1.17.1 numpy==2.4.6
Run from the project's root: python tasks/parity/signal_golden.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy import ndimage, signal

ROOT = Path("pipeline/lib/signal/testdata")

RESAMPLINGS = [  # (samples, samples wanted)
    (1, 1), (1, 4), (2, 1), (2, 5), (3, 2), (4, 1), (5, 5), (12, 8), (12, 9), (12, 16), (12, 17),
    (16, 8), (16, 24), (17, 8), (17, 9), (17, 24), (17, 31), (97, 60), (100, 36), (101, 200), (240, 167), (240, 241),
]
POLYPHASE = [  # (samples, up, down)
    (1, 3, 2), (5, 2, 3), (60, 5, 1), (240, 1, 4), (240, 36, 25), (240, 25, 36), (100, 9, 25), (240, 9, 25), (101, 45, 16),
    (100, 72, 50), (97, 3600, 2573), (7, 1, 1), (30, 7, 100),
]
DESIGNS = [  # (order, edges in Hz, type, sampling rate in Hz)
    (1, [5, 15], "bandpass", 360), (2, [0.5, 40], "bandpass", 360), (3, [5, 15], "bandpass", 250),
    (4, [8, 16], "bandpass", 1000), (1, [1, 45], "bandpass", 100), (5, [0.5, 110], "bandpass", 250),
    (1, 40, "lowpass", 360), (2, 40, "lowpass", 360), (3, 15, "lowpass", 250), (4, 0.5, "lowpass", 128), (7, 100, "lowpass", 1000),
    (1, 0.5, "highpass", 360), (2, 0.5, "highpass", 360), (3, 5, "highpass", 250), (6, 30, "highpass", 100),
]
NOTCHES = [(50, 30, 360), (60, 30, 360), (60, 5, 250), (50, 1, 128), (60, 200, 1000), (50, 30, 257.3)]  # (Hz, Q, sampling rate in Hz)
MEDIAN_WINDOWS = [1, 3, 7, 73, 217, 601]


def main():
    rng = np.random.default_rng(20)
    t = np.arange(240) / 360
    x = np.round(np.sin(2 * np.pi * 1.3 * t) + 0.3 * rng.standard_normal(240) + 2.5, 6)
    designs = []
    for order, edges, kind, fs in DESIGNS:
        sos = signal.butter(order, edges, kind, fs=fs, output="sos")
        filtered = {"order": order, "edgesHz": np.atleast_1d(edges).tolist(), "kind": kind, "fs": fs, "sos": sos.tolist()}
        filtered["sosfilt"] = signal.sosfilt(sos, x[:60]).tolist()
        filtered["sosfiltfilt"] = signal.sosfiltfilt(sos, x[:120]).tolist()
        designs.append(filtered)
    notches = []
    for hz, q, fs in NOTCHES:
        b, a = signal.iirnotch(hz, q, fs=fs)
        # The one section as filtfilt runs it, not as sosfiltfilt does: the two must be the same.
        notches.append({"hz": hz, "q": q, "fs": fs, "b": b.tolist(), "a": a.tolist(),
                        "filtfilt": signal.filtfilt(b, a, x[:120]).tolist()})
    stepped = np.round(x * 4) / 4  # many equal values
    golden = {
        "made": f"tasks/parity/signal_golden.py, scipy {scipy.__version__}, numpy {np.__version__}",
        "x": x.tolist(),
        "resample": [{"n": n, "num": num, "y": signal.resample(x[:n], num).tolist()} for n, num in RESAMPLINGS],
        "resamplePoly": [{"n": n, "up": up, "down": down, "y": signal.resample_poly(x[:n], up, down).tolist()}
                         for n, up, down in POLYPHASE],
        "butter": designs,
        "notch": notches,
        "median": [{"window": w, "y": ndimage.median_filter(x, w, mode="nearest").tolist(),
                    "steppedY": ndimage.median_filter(stepped, w, mode="nearest").tolist(),
                    "zeroPaddedY": signal.medfilt(x, w).tolist()} for w in MEDIAN_WINDOWS],
    }
    ROOT.mkdir(parents=True, exist_ok=True)
    (ROOT / "scipy.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
