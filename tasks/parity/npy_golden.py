"""Writes the golden file pipeline/lib/formats/npy/testdata/numpy.json: .npy files as numpy writes them.

Requires: pip install numpy==2.4.6
Run from the project's root: python3 tasks/parity/npy_golden.py
"""

import base64
import io
import json

import numpy as np

OUT = "pipeline/lib/formats/npy/testdata/numpy.json"
DTYPES = ["<f4", "<f8", "<i2", "<i4", "<u4", "|u1", "|i1"]
SHAPES = [(), (0,), (1,), (7,), (2, 3), (2, 0, 3), (2, 3, 4), (1,) * 12]


def npy_bytes(array, version=(1, 0)):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version, allow_pickle=True)
    return base64.b64encode(out.getvalue()).decode()


def extremes(dtype, shape):
    """Values from the dtype's lowest to its highest, the same ones for each run."""
    count = int(np.prod(shape))
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        pool = [0.1, -0.0, float(info.max), float(info.tiny), -1.5, float(info.min), 1 / 3]
    else:
        info = np.iinfo(dtype)
        pool = [info.min, info.max, 0, 1, info.max - 1, info.min + 1, 7]
    return np.array([pool[i % 7] for i in range(count)], dtype=dtype).reshape(shape)


def good_files():
    for dtype in DTYPES:
        for shape in SHAPES:
            for version in [(1, 0), (2, 0)] if shape == (2, 3) else [(1, 0)]:
                array = extremes(dtype, shape)
                yield {
                    "dtype": dtype,
                    "shape": list(shape),
                    "version": version[0],
                    "values": [repr(v) for v in array.reshape(-1).tolist()],
                    "base64": npy_bytes(array, version),
                }


def refused_files():
    plane = np.arange(6.0).reshape(2, 3)
    return {
        "big endian": npy_bytes(plane.astype(">f4")),
        "Fortran": npy_bytes(np.asfortranarray(plane)),
        "<f2": npy_bytes(plane.astype("<f2")),
        "<i8": npy_bytes(plane.astype("<i8")),
        "|b1": npy_bytes(plane.astype(bool)),
        "<U3": npy_bytes(np.array(["abc"])),
        "|O": npy_bytes(np.array([{}], dtype=object)),
        "structured": npy_bytes(np.zeros(2, dtype=[("x", "<f4"), ("y", "<i2")])),
        "version 3": npy_bytes(plane, (3, 0)),
    }


if __name__ == "__main__":
    golden = {
        "madeBy": f"tasks/parity/npy_golden.py, numpy {np.__version__}",
        "files": list(good_files()),
        "refused": refused_files(),
    }
    with open(OUT, "w") as out:
        json.dump(golden, out)
        out.write("\n")
