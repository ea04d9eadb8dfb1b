"""Computes the cases of signal.ts with SciPy and compares every sample."""

import numpy as np
from checks import cases, check
from scipy import ndimage, signal

# Of the signal's largest value.
LIMIT = 1e-9
_, given = cases()
x = np.asarray(given["x"])


def butter(kind, edgesHz, order, fs):
    return signal.butter(order, edgesHz if len(edgesHz) > 1 else edgesHz[0], kind, fs=fs, output="sos")


WORK = {
    "sosfilt": lambda **design: signal.sosfilt(butter(**design), x),
    "sosfiltfilt": lambda **design: signal.sosfiltfilt(butter(**design), x),
    "notch": lambda notchHz, q, fs: signal.filtfilt(*signal.iirnotch(notchHz, q, fs=fs), x),
    "resample": lambda num: signal.resample(x, num),
    "resample_poly": lambda up, down: signal.resample_poly(x, up, down),
    "median": lambda window: ndimage.median_filter(x, window, mode="nearest"),
}

for case in given["cases"]:
    wanted, got = WORK[case["work"]](**case["args"]), np.asarray(case["y"])
    same_length = wanted.shape == got.shape
    check(case["case"], "max error", np.abs(wanted - got).max() / np.abs(wanted).max() if same_length else np.nan, LIMIT)
