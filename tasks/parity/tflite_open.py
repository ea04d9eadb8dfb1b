"""Runs the .tflite models of a folder in Google's interpreter and compares with what ours gave.

Started by tasks/parity/tflite_open.ts. Each <name>.tflite has a <name>.json beside it with `inputs` and `outputs`, flat.
Prints one JSON line a model.

  pip install ai-edge-litert
"""

import importlib.metadata
import json
import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.tflite")):
    # The plain kernels, without XNNPACK, as ours run.
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(path), experimental_op_resolver_type=resolver, num_threads=1)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    golden = json.loads(path.with_suffix(".json").read_text())
    windows = np.asarray(golden["inputs"], dtype=np.float32).reshape(-1, *source["shape"])
    outputs = []
    for window in windows:
        if source["dtype"] == np.int8:
            scale, zero_point = source["quantization"]
            real = window / np.float32(scale)
            rounded = np.sign(real) * np.floor(np.abs(real) + 0.5) + zero_point
            window = np.clip(rounded, -128, 127).astype(np.int8)
        interpreter.reset_all_variables()
        interpreter.set_tensor(source["index"], window)
        interpreter.invoke()
        output = interpreter.get_tensor(target["index"])[0]
        if target["dtype"] == np.int8:
            scale, zero_point = target["quantization"]
            output = (output.astype(np.float32) - zero_point) * scale
        outputs.append(output)
    expected = np.asarray(golden["outputs"]).reshape(len(windows), -1)
    outputs = np.stack(outputs)
    print(json.dumps({
        "model": path.stem,
        "litert": importlib.metadata.version("ai-edge-litert"),
        "windows": len(windows),
        "maxError": float(np.abs(outputs - expected).max()),
        "sameClass": float((outputs.argmax(1) == expected.argmax(1)).mean()),
    }))
