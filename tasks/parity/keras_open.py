"""Opens the models of a folder in Keras and compares its predictions with the reference's.

Started by tasks/parity/keras_open.ts. Each <name>.h5 has a <name>.json beside it with `inputs` and `outputs`, flat.
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

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.h5")):
    model = keras.models.load_model(path, compile=False)
    golden = json.loads(path.with_suffix(".json").read_text())
    inputs = np.asarray(golden["inputs"], dtype=np.float32).reshape(-1, *model.input_shape[1:])
    outputs = model.predict(inputs, verbose=0)
    error = np.abs(outputs.ravel() - np.asarray(golden["outputs"])).max()
    print(json.dumps({
        "model": path.stem,
        "keras": keras.__version__,
        "parameters": model.count_params(),
        "windows": len(inputs),
        "maxError": float(error),
    }))
