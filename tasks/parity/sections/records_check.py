"""Reads records with wfdb-python and compares samples, places and symbols."""

import json

import numpy as np
import wfdb
from checks import cases, check

folder, given = cases()
for name in given["records"]:
    record = wfdb.rdrecord(f"{given['database']}/{name}", physical=False)
    annotations = wfdb.rdann(f"{given['database']}/{name}", "atr")
    ours = [np.fromfile(folder / f"{name}.{lead}.i32", dtype=np.int32) for lead in range(record.n_sig)]
    check(f"{name}, samples", "differ", np.count_nonzero(np.stack(ours, axis=1) != record.d_signal), 0)
    read = json.loads((folder / f"{name}.json").read_text())
    aux = [text.rstrip("\x00") for text in annotations.aux_note]
    pairs = ((read["samples"], annotations.sample), (read["symbols"], annotations.symbol), (read["aux"], aux))
    same_length = all(len(ours) == len(theirs) for ours, theirs in pairs)
    differing = sum(a != b for ours, theirs in pairs for a, b in zip(ours, theirs)) if same_length else np.inf
    check(f"{name}, annotations", "differ", differing, 0)
