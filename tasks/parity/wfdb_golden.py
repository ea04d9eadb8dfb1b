"""Writes the golden files of pipeline/lib/formats/wfdb/testdata with wfdb-python and libsndfile.

Requires: pip install wfdb==4.3.0 soundfile==0.14.0 "pandas<3" numpy==2.4.6 (pandas 3 breaks wfdb 4.3.0)
Run from the project's root: python3 tasks/parity/wfdb_golden.py ../shared/mitdb
"""

import hashlib
import json
import os
import sys

import numpy as np
import pandas as pd
import soundfile
import wfdb

OUT = "pipeline/lib/formats/wfdb/testdata"
SYMBOLS = [s for s in wfdb.io.annotation.ann_label_table["symbol"] if s != " "]


def annotation_rows(annotation):
    """Rows (sample, symbol, subtype, channel, num, aux) without the null bytes at the end of aux."""
    return [
        [int(sample), symbol, int(subtype), int(chan), int(num), aux.rstrip("\0")]
        for sample, symbol, subtype, chan, num, aux in zip(
            annotation.sample,
            annotation.symbol,
            annotation.subtype,
            annotation.chan,
            annotation.num,
            annotation.aux_note,
        )
    ]


def rows_sha256(rows):
    text = "".join("\t".join(str(value) for value in row) + "\n" for row in rows)
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def read_signals(path):
    return wfdb.rdrecord(path, physical=False)


def record_golden(path, first):
    record = read_signals(path)
    signals = record.d_signal.T.astype(np.int64)
    return {
        "fs": record.fs,
        "samples": record.sig_len,
        "names": record.sig_name,
        "units": record.units,
        "gains": record.adc_gain,
        "baselines": record.baseline,
        "checksums": record.checksum,
        "sums": [int(s.sum()) for s in signals],
        "first": [s[:first].tolist() for s in signals],
    }


def craft_records():
    """Small records: format 212 with an even and an odd number of samples, format 16, two files."""
    rng = np.random.default_rng(1)
    ramp = np.arange(200)
    noise12 = rng.integers(-2048, 2048, size=(200, 2))
    noise12[:4] = [[-2048, 2047], [2047, -2048], [-1, 0], [1, -2]]
    noise16 = rng.integers(-32768, 32768, size=(200, 2))
    noise16[:4] = [[-32768, 32767], [32767, -32768], [-1, 0], [256, -257]]
    layouts = {
        "two212": (noise12, ["212"] * 2),
        "three212": (np.column_stack([noise12, ramp])[:199], ["212"] * 3),
        "two16": (noise16, ["16"] * 2),
        "mixed": (np.column_stack([noise12[:, 0], noise16]), ["212", "16", "16"]),
    }
    golden = {}
    for name, (signals, formats) in layouts.items():
        count = signals.shape[1]
        wfdb.wrsamp(
            name,
            fs=360,
            units=["mV", "mmHg", "uV"][:count],
            sig_name=["MLII", "ABP mean", "V5"][:count],
            d_signal=signals,
            fmt=formats,
            adc_gain=[200.0, 12.5, 0.25][:count],
            baseline=[1024, 0, -7][:count],
            comments=["61 F, crafted", "two lines, one # sign"],
            base_time=None,
            write_dir=OUT,
        )
        golden[name] = record_golden(os.path.join(OUT, name), 200)
    return golden


def craft_frames():
    """Formats 80, 24, 32 and 516 in one record, of 1, 2, 2 and 3 samples a frame."""
    rng = np.random.default_rng(3)
    frames, counts, bits = 40, [1, 2, 2, 3], [8, 24, 32, 16]
    signals = [
        rng.integers(-(2 ** (b - 1)), 2 ** (b - 1), size=frames * n)
        for n, b in zip(counts, bits)
    ]
    wfdb.wrsamp(
        "frames",
        fs=100,
        units=["mV"] * 4,
        sig_name=["a", "b", "c", "d"],
        e_d_signal=signals,
        samps_per_frame=counts,
        fmt=["80", "24", "32", "516"],
        adc_gain=[200.0] * 4,
        baseline=[0] * 4,
        write_dir=OUT,
    )
    read = wfdb.rdrecord(os.path.join(OUT, "frames"), physical=False, smooth_frames=False)
    return [signal.tolist() for signal in read.e_d_signal]


def craft_segments():
    """A variable layout with gaps, in which one lead changes its gain and format and one is missing at times."""
    rng = np.random.default_rng(4)
    leads = {
        "layout_1": (["II", "V"], ["16", "16"], [200.0, 100.0], [0, 10], 30),
        "layout_2": (["V", "II"], ["16", "212"], [100.0, 50.0], [10, -7], 20),
        "layout_3": (["V"], ["16"], [100.0], [10], 10),
    }
    for name, (names, formats, gains, baselines, samples) in leads.items():
        signals = rng.integers(-500, 500, size=(samples, len(names)))
        signals[3] = [{"16": -32768, "212": -2048}[f] for f in formats]
        wfdb.wrsamp(
            name,
            fs=125,
            units=["mV"] * len(names),
            sig_name=names,
            d_signal=signals,
            fmt=formats,
            adc_gain=gains,
            baseline=baselines,
            write_dir=OUT,
        )
    headers = {
        "layout_0": "layout_0 3 125 0\n~ 0 1 16 0 0 0 0 II\n~ 0 1 16 0 0 0 0 V\n~ 0 1 16 0 0 0 0 ABP\n",
        "layout": "layout/6 3 125 77\nlayout_0 0\n~ 7\nlayout_1 30\nlayout_2 20\n~ 10\nlayout_3 10\n",
    }
    for name, text in headers.items():
        with open(os.path.join(OUT, f"{name}.hea"), "w") as out:
            out.write(text)
    read = wfdb.rdrecord(os.path.join(OUT, "layout"), m2s=True)
    return {
        "names": read.sig_name,
        "physical": [[None if np.isnan(x) else float(x) for x in lead] for lead in read.p_signal.T],
    }


def craft_flac():
    """FLAC files of libFLAC: all widths, noise, silence, predictable samples, channels that resemble each other."""
    rng = np.random.default_rng(5)
    block, time = 4096, np.arange(3 * 4096 + 100)
    wave = np.round(900 * np.sin(time / 40) + 200 * np.sin(time / 7)).astype(np.int64)
    noise, click = rng.integers(-400, 401, size=len(time)), np.where(time % 16 == 0, time % 99, 0)
    near = np.column_stack([wave + noise, wave - noise])  # middle and side
    near[block : 2 * block] = np.column_stack([noise, noise + click])[block : 2 * block]  # left and side
    near[2 * block :] = np.column_stack([noise + click, noise])[2 * block :]  # side and right
    files = {
        "flac8": (8, np.column_stack([np.full(5000, -128), rng.integers(-128, 128, 5000), time[:5000] % 100])),
        "flac16": (16, near),
        "flac24": (24, np.column_stack([rng.integers(-(2**23), 2**23, 5000), wave[:5000] * 4096])),
    }
    modes, golden = set(), {}
    for name, (bits, signals) in files.items():
        path = os.path.join(OUT, f"{name}.flac")
        subtype = {8: "PCM_S8", 16: "PCM_16", 24: "PCM_24"}[bits]
        scaled = (signals << (32 - bits)).astype(np.int32)
        with soundfile.SoundFile(
            path, "w", samplerate=96000, channels=signals.shape[1], format="FLAC", subtype=subtype
        ) as out:
            out.write(scaled)
        back, _ = soundfile.read(path, dtype="int32", always_2d=True)
        assert np.array_equal(back >> (32 - bits), signals)
        with open(path, "rb") as file:
            data = file.read()
        modes.update(data[i + 3] >> 4 for i in range(len(data) - 3) if data[i : i + 2] == b"\xff\xf8")
        golden[name] = {
            "bits": bits,
            "samples": len(signals),
            "sha256": [hashlib.sha256(s.astype("<i4").tobytes()).hexdigest() for s in signals.T],
        }
    assert {8, 9, 10} <= modes, modes
    return golden


def craft_annotations():
    """Every symbol, every field, long intervals; a file that defines its time resolution."""
    rng = np.random.default_rng(2)
    count = len(SYMBOLS)
    sample = np.cumsum(rng.integers(0, 3000, size=count))
    sample[-1] = 2_000_000_000
    wfdb.wrann(
        "fields",
        "atr",
        sample=sample,
        symbol=SYMBOLS,
        subtype=rng.integers(-128, 128, size=count),
        chan=rng.integers(0, 3, size=count),
        num=rng.integers(0, 3, size=count),
        aux_note=[["", "(N", "(AFIB", "x" * 255][i % 4] for i in range(count)],
        write_dir=OUT,
    )
    wfdb.wrann(
        "resolution",
        "atr",
        sample=np.array([0, 18, 1042]),
        symbol=["N", "V", "N"],
        fs=250,
        write_dir=OUT,
    )
    labels = [(15, "c", "calibration pulse"), (42, "X", "of our own"), (43, "y", "another, with blanks")]
    wfdb.wrann(
        "labels",
        "atr",
        sample=np.array([5, 6, 7, 8]),
        symbol=["X", "N", "c", "y"],
        custom_labels=pd.DataFrame(labels, columns=["label_store", "symbol", "description"]),
        write_dir=OUT,
    )
    return {
        name: annotation_rows(wfdb.rdann(os.path.join(OUT, name), "atr"))
        for name in ["fields", "resolution", "labels"]
    }


def mitdb_golden(folder):
    """All records' annotations as counts and hashes; the signals of some."""
    annotations, signals = {}, {}
    with open(os.path.join(folder, "RECORDS")) as lines:
        records = lines.read().split()
    for record in records:
        rows = annotation_rows(wfdb.rdann(os.path.join(folder, record), "atr"))
        annotations[record] = {"count": len(rows), "sha256": rows_sha256(rows)}
        if record in ("100", "102", "114", "207", "232"):
            signals[record] = record_golden(os.path.join(folder, record), 100)
    return {"annotations": annotations, "signals": signals}


def write_json(name, value):
    value = {
        "madeBy": f"tasks/parity/wfdb_golden.py, wfdb {wfdb.__version__}, numpy {np.__version__}",
        **value,
    }
    with open(os.path.join(OUT, name), "w") as out:
        json.dump(value, out, ensure_ascii=True)
        out.write("\n")


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    write_json("crafted.json", {"records": craft_records(), "annotations": craft_annotations()})
    write_json(
        "formats.json",
        {"frames": craft_frames(), "segments": craft_segments(), "flac": craft_flac()},
    )
    write_json("mitdb.json", mitdb_golden(sys.argv[1]))
