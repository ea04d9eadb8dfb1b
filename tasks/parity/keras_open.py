"""Opens the models of a folder in Keras and compares its predictions with the reference's.

Started by tasks/parity/keras_open.ts. Each <name>.h5 or <name>.keras has a <name>.json beside it with `inputs` and `outputs`, flat.
Prints one JSON line a model.

  pip install 'tensorflow-cpu==2.15.*'           Keras 2.15
  pip install 'tensorflow-cpu>=2.16' 'keras>=3'  Keras 3 and its reader of the legacy format
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

folder = pathlib.Path(sys.argv[1])
for path in sorted([*folder.glob("*.h5"), *folder.glob("*.keras")]):
    model = keras.models.load_model(path, compile=False)
    golden = json.loads(path.with_suffix(".json").read_text())
    # A window's values of all inputs stand one behind the other.
    shapes = [tuple(x.shape[1:]) for x in model.inputs]
    sizes = [int(np.prod(shape)) for shape in shapes]
    windows = np.asarray(golden["inputs"], dtype=np.float32).reshape(-1, sum(sizes))
    inputs = [part.reshape(-1, *shape) for part, shape in zip(np.split(windows, np.cumsum(sizes)[:-1], axis=1), shapes)]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    expected = np.asarray(golden["outputs"])
    # A share of the largest value, if that is above 1.
    error = np.abs(outputs.ravel() - expected).max() / max(1, np.abs(expected).max())
    print(json.dumps({
        "model": path.name,
        "keras": keras.__version__,
        "parameters": model.count_params(),
        "windows": len(windows),
        "maxError": float(error),
    }))
