"""Opens models in Keras 2 (tf_keras) and 3 and compares predictions; reads the .h5 files with h5py."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np
import tf_keras
from checks import cases, check

LIMIT = 1e-5
folder, given = cases()
LIBRARIES = {2: tf_keras, 3: keras}


def floats(name, what):
    return np.fromfile(folder / f"{name}.{what}.f32", dtype=np.float32)


def predict(model, windows):
    """A window's values of all inputs stand one behind the other."""
    shapes = [tuple(x.shape[1:]) for x in model.inputs]
    sizes = [int(np.prod(shape)) for shape in shapes]
    parts = np.split(windows.reshape(-1, sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
    inputs = [part.reshape(-1, *shape) for part, shape in zip(parts, shapes)]
    return np.asarray(model(inputs if len(inputs) > 1 else inputs[0], training=False))


def error(got, wanted):
    """A share of the largest value, if that is above 1."""
    return np.abs(got.ravel() - wanted).max() / max(1, np.abs(wanted).max())


def h5_weights(path):
    with h5py.File(path) as file:
        root = file["model_weights"]
        groups = [root[name] for name in root.attrs["layer_names"]]
        arrays = [group[name][()].ravel() for group in groups for name in group.attrs["weight_names"]]
        return np.concatenate(arrays)


for case in given:
    name = case["name"]
    inputs, outputs = floats(name, "inputs"), floats(name, "outputs")
    for extension, versions in case["readers"].items():
        for version in versions:
            model = LIBRARIES[version].models.load_model(folder / f"{name}.{extension}", compile=False)
            check(f"{name}.{extension}, Keras {version}", "max error", error(predict(model, inputs), outputs), LIMIT)
    if "h5" not in case["readers"]:
        continue
    stored, wanted = h5_weights(folder / f"{name}.h5"), floats(name, "weights")
    same = stored.shape == wanted.shape and np.array_equal(np.sort(stored), np.sort(wanted))
    check(f"{name}.h5, h5py", "weights that differ", 0 if same else max(1, np.abs(stored.size - wanted.size)), 0)
