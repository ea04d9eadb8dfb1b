"""Writes the golden files of pipeline/lib/formats/wfdb/testdata with wfdb-python.

Requires: pip install wfdb==4.3.0 "pandas<3" numpy==2.4.6 (pandas 3 breaks wfdb 4.3.0)
Run from the project's root: python3 tasks/parity/wfdb_golden.py ../shared/mitdb
"""

import hashlib
import json
import os
import sys

import numpy as np
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
    return {
        name: annotation_rows(wfdb.rdann(os.path.join(OUT, name), "atr"))
        for name in ["fields", "resolution"]
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
    write_json("mitdb.json", mitdb_golden(sys.argv[1]))
