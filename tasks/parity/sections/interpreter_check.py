"""Runs the models of interpreter.ts in LiteRT and compares their outputs."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from checks import cases, check

FLOAT_LIMIT = 1e-5
# Where activations are rounded as the model runs, one on the edge between two steps may fall to either side.
DYNAMIC_LIMIT = 5e-3
# Steps of the output; the integer LSTM's kernels round one more time in newer versions.
INT8_LIMIT, INT8_LSTM_LIMIT = 1, 2
folder, given = cases()


def floats(path):
    return np.fromfile(folder / path, dtype=np.float32)


def quantize(window, detail):
    scale, zero_point = detail["quantization"]
    real = window / np.float32(scale)
    rounded = np.sign(real) * np.floor(np.abs(real) + 0.5) + zero_point
    return np.clip(rounded, -128, 127).astype(np.int8)


for case in given:
    # The plain kernels, without XNNPACK, as ours run.
    interpreter = Interpreter(
        str(folder / f"{case['file']}.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    sources, target = interpreter.get_input_details(), interpreter.get_output_details()[0]
    # A window's values of all inputs stand one behind the other.
    sizes = [int(np.prod(source["shape"])) for source in sources]
    windows, outputs = floats(f"{case['file']}.windows.f32").reshape(-1, sum(sizes)), []
    for window in windows:
        interpreter.reset_all_variables()
        for source, values in zip(sources, np.split(window, np.cumsum(sizes)[:-1])):
            values = values.reshape(source["shape"])
            interpreter.set_tensor(source["index"], quantize(values, source) if source["dtype"] == np.int8 else values)
        interpreter.invoke()
        output = interpreter.get_tensor(target["index"])[0].astype(np.float64).ravel()
        if target["dtype"] == np.int8:
            scale, zero_point = target["quantization"]
            output = (output - zero_point) * scale
        outputs.append(output)
    outputs, expected = np.stack(outputs), floats(f"{case['file']}.outputs.f32").reshape(len(windows), -1)
    error = np.abs(outputs - expected).max()
    if target["dtype"] == np.int8:
        limit = INT8_LSTM_LIMIT if case["recurrent"] else INT8_LIMIT
        check(case["file"], "max error, steps", np.round(error / target["quantization"][0], 6), limit)
    else:
        limit = DYNAMIC_LIMIT if case["file"].endswith("dynamic") else FLOAT_LIMIT
        check(case["file"], "max error", error / max(1, np.abs(expected).max()), limit)
