"""Converts and quantizes the models of converter.ts with Google's converter, by the same calibration windows, and compares."""

import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import tf_keras
from checks import cases, check

FLOAT_LIMIT = 1e-5
# Of all weights, that may differ, by one step.
WEIGHT_SHARE = 1e-3
folder, given = cases()


def floats(path, *shape):
    return np.fromfile(folder / path, dtype=np.float32).reshape(shape)


def converter(model):
    shape = (1, *model.inputs[0].shape[1:])
    concrete = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)


def unrolled(model):
    """The same network with its GRUs written out step by step, as this project writes them: without, TFLite gets a loop."""
    config = model.get_config()
    for layer in config["layers"]:
        if layer["class_name"] == "GRU":
            layer["config"]["unroll"] = True
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    return copy


def to_int8(model, windows):
    """Full integer, one scale for the weights of a dense layer: TFLite 2.9 computes others wrongly."""
    tool = converter(model)
    tool.optimizations = [tf.lite.Optimize.DEFAULT]
    tool.representative_dataset = lambda: ([window[np.newaxis]] for window in windows)
    tool.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    tool.inference_input_type = tool.inference_output_type = tf.int8
    tool._experimental_disable_per_channel_quantization_for_dense_layers = True
    return tool.convert()


def open_model(content):
    interpreter = tf.lite.Interpreter(
        model_content=content,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def predict(content, windows):
    interpreter, outputs = open_model(content), []
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    for window in windows:
        interpreter.reset_all_variables()
        interpreter.set_tensor(source["index"], window[np.newaxis])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"])[0])
    return np.stack(outputs)


def weights(content):
    """The network's constants of int8: not what operators write, not the inputs, not the hidden states of LSTMs (input 18)."""
    interpreter = open_model(content)
    operators = interpreter._get_ops_details()
    computed = {index for operator in operators for index in operator["outputs"]}
    computed |= {operator["inputs"][18] for operator in operators if "LSTM" in operator["op_name"]}
    computed |= {detail["index"] for detail in interpreter.get_input_details()}
    return [
        interpreter.get_tensor(detail["index"]).astype(int)
        for detail in interpreter.get_tensor_details()
        if detail["dtype"] == np.int8 and detail["index"] not in computed
        and detail["quantization_parameters"]["scales"].size > 0 and detail["shape"].prod() > 0
    ]


def compare_weights(name, ours, theirs):
    """Each of theirs is held against that of ours of its shape which is nearest to it: names differ, contents do not."""
    left, steps, differing, total = list(ours), 0, 0, 0
    for tensor in theirs:
        same_shape = [i for i, other in enumerate(left) if other.shape == tensor.shape]
        if not same_shape:
            steps, differing = np.inf, np.inf
            break
        nearest = min(same_shape, key=lambda i: np.count_nonzero(left[i] != tensor))
        difference = np.abs(left.pop(nearest) - tensor)
        steps, differing, total = max(steps, difference.max()), differing + np.count_nonzero(difference), total + tensor.size
    check(name, "weights without a counterpart", len(left), 0)
    check(name, f"share of {total} weights that differ", differing / max(total, 1), WEIGHT_SHARE)
    check(name, "largest difference of weights, steps", steps, 1)


def compare_bytes(name, google):
    check(name, "bytes, Google", len(google))
    check(name, "bytes, Google's at most", (folder / f"{name.replace(' ', '.')}.tflite").stat().st_size, len(google))


for case in given:
    name = case["name"]
    model = tf_keras.models.load_model(folder / f"{name}.h5", compile=False)
    shape = tuple(model.inputs[0].shape[1:])
    calibration, windows = floats(f"{name}.calibration.f32", -1, *shape), floats(f"{name}.windows.f32", -1, *shape)
    started = time.perf_counter()
    google = converter(model).convert()
    seconds = time.perf_counter() - started
    outputs = floats(f"{name}.outputs.f32", len(windows), -1)
    error = np.abs(predict(google, windows).reshape(outputs.shape) - outputs).max() / max(1, np.abs(outputs).max())
    check(f"{name} float32", "max error", error, FLOAT_LIMIT)
    if case["unrolled"]:
        check(f"{name} float32", "bytes, Google, as a loop", len(google))
        model = unrolled(model)
        started = time.perf_counter()
        google = converter(model).convert()
        seconds = time.perf_counter() - started
    if case["timed"]:
        compare_bytes(f"{name} float32", google)
    if not case["int8"]:
        continue
    started = time.perf_counter()
    google = to_int8(model, calibration)
    seconds += time.perf_counter() - started
    if case["timed"]:
        check(name, "convert and quantize, s", case["seconds"])
        check(name, "convert and quantize, s, Google", seconds)
        compare_bytes(f"{name} int8", google)
    if not case["unrolled"]:
        compare_weights(f"{name} int8", weights((folder / f"{name}.int8.tflite").read_bytes()), weights(google))
