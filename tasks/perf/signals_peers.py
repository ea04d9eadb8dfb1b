"""Speed of Python's ECG libraries, for `deno task perf signals --python <this Python>`.

Requires: pip install wfdb==4.3.1 scipy==1.17.1 sleepecg==0.6.0 py-ecg-detectors==1.3.5 neurokit2==0.2.13
Each one that is missing is left out and named in `missing`.
Run: python signals_peers.py <folder> <records, joined by commas> <passes>; prints one JSON object.
"""

import importlib
import json
import sys
import time
import warnings

import numpy as np
import wfdb

warnings.filterwarnings("ignore")
folder, records, passes = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3])
DETECTORS = "hamilton christov engzee pan_tompkins swt two_average matched_filter wqrs".split()
missing, peers = [], []


def load(module, package):
    try:
        return importlib.import_module(module)
    except ImportError:
        missing.append(package)
        return None


def measure(name, samples, work, times=passes):
    """Processor time of the best of some passes; `name` is what the other side knows it by."""
    best = float("inf")
    try:
        for _ in range(times):
            start = time.process_time()
            work()
            best = min(best, time.process_time() - start)
    except Exception as error:  # a library that fails on a record has no figure, and says why
        print(f"{name}: {error}", file=sys.stderr)
        return
    peers.append({"name": name, "millionSamplesPerSecond": samples / best / 1e6})


def read(record):
    return wfdb.rdrecord(f"{folder}/{record}", channels=[0])


leads = [read(record) for record in records]
fs = leads[0].fs
first = np.ascontiguousarray(leads[0].p_signal[:, 0])
ecgs = [np.ascontiguousarray(lead.p_signal[:, 0]) for lead in leads]
samples = sum(map(len, ecgs))
measure("wfdb rdrecord", samples, lambda: [read(record) for record in records])

signal = load("scipy.signal", "scipy")
if signal:
    bandpass = signal.butter(2, [0.5, 40], "bandpass", fs=fs, output="sos")
    notch = signal.iirnotch(50, 30, fs=fs)
    odd = lambda seconds: 2 * int(seconds * fs / 2) + 1
    measure("scipy sosfiltfilt", len(first), lambda: signal.sosfiltfilt(bandpass, first))
    measure("scipy filtfilt", len(first), lambda: signal.filtfilt(*notch, first))
    measure("scipy medfilt", len(first), lambda: signal.medfilt(first, odd(0.2)), 1)
    measure("scipy medfilt x 2", len(first), lambda: signal.medfilt(signal.medfilt(first, odd(0.2)), odd(0.6)), 1)
    measure("scipy resample", len(first), lambda: signal.resample(first, round(len(first) * 250 / fs)))
    measure("scipy resample_poly", len(first), lambda: signal.resample_poly(first, 250, round(fs)))

sleepecg = load("sleepecg", "sleepecg")
if sleepecg:
    measure("sleepecg", samples, lambda: [sleepecg.detect_heartbeats(ecg, fs) for ecg in ecgs])
ecgdetectors = load("ecgdetectors", "py-ecg-detectors")
if ecgdetectors:
    for name in DETECTORS:
        find = getattr(ecgdetectors.Detectors(fs), f"{name}_detector")
        measure(f"py-ecg-detectors {name}", samples, lambda: [find(ecg) for ecg in ecgs], 1)
neurokit2 = load("neurokit2", "neurokit2")
if neurokit2:
    measure("neurokit2", samples, lambda: [neurokit2.ecg_peaks(ecg, sampling_rate=fs) for ecg in ecgs], 1)
xqrs = load("wfdb.processing", "wfdb")
if xqrs:
    measure("wfdb xqrs", samples, lambda: [xqrs.xqrs_detect(ecg, fs, verbose=False) for ecg in ecgs], 1)

print(json.dumps({"peers": peers, "missing": missing}))
