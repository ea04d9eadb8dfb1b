"""Writes small models saved by Keras, with what Keras computes on given windows.

The .h5 and .keras files of some go to pipeline/lib/formats/keras_h5/testdata and keras_v3/testdata, the configurations and
weights of all with inputs, outputs and intermediate values as JSON to pipeline/lib/nn/testdata. Run it from the project's
root, once an environment:

  pip install 'tensorflow-cpu==2.15.*' h5py       python tasks/parity/keras_golden.py
  pip install 'tensorflow-cpu>=2.16' 'keras>=3'   python tasks/parity/keras_golden.py   (names begin with keras3_)

Names behind it, such as `gru bidirectional`, make only these.
"""

import json
import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers

WINDOWS = 3


def lstm():
    return keras.Sequential([keras.Input((12, 1)), layers.LSTM(4), layers.Dense(3, activation="softmax")], name="lstm")


def cnn():
    return keras.Sequential([
        keras.Input((13, 2)),
        layers.Conv1D(4, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1D(5, 4, strides=3, padding="same", activation="tanh"),
        layers.Conv1D(6, 2, padding="valid"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="softmax"),
    ], name="cnn")


def functional():
    window = keras.Input((10, 2), name="window")
    x = layers.LSTM(3, return_sequences=True, name="lower")(window)
    x = layers.Dropout(0.5)(x)
    x = layers.LSTM(5, name="upper")(x)
    x = layers.Dense(4, activation="sigmoid")(x)
    return keras.Model(window, layers.Dense(2)(x), name="functional")


def pooling():
    return keras.Sequential([
        keras.Input((23, 3)),
        layers.MaxPooling1D(3, strides=1),
        layers.AveragePooling1D(4, strides=1, padding="same"),
        layers.MaxPooling1D(4, strides=3, padding="same"),
        layers.AveragePooling1D(2, strides=1),
        layers.AveragePooling1D(3, padding="same"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3, activation="softmax"),
    ], name="pooling")


def convolutions():
    return keras.Sequential([
        keras.Input((19, 3)),
        layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
        layers.Conv1D(5, 3, padding="causal", strides=2, use_bias=False),
        layers.Conv1D(3, 3, padding="same", dilation_rate=3, activation="tanh"),
        layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2, activation="relu"),
        layers.DepthwiseConv1D(2, dilation_rate=2, use_bias=False),
        layers.SeparableConv1D(5, 3, padding="same", strides=2, depth_multiplier=2, activation="tanh"),
        layers.SeparableConv1D(4, 2, padding="same", dilation_rate=2, use_bias=False),
        layers.DepthwiseConv1D(3, padding="same", strides=2),
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="softmax"),
    ], name="convolutions")


def normalization():
    return keras.Sequential([
        keras.Input((9, 3)),
        layers.BatchNormalization(),
        layers.Conv1D(4, 3, activation="relu"),
        layers.BatchNormalization(scale=False, epsilon=0.01, momentum=0.9),
        layers.GlobalAveragePooling1D(),
        layers.BatchNormalization(center=False),
        layers.Dense(3, activation="softmax"),
    ], name="normalization")


def graph():
    window, rr = keras.Input((10, 2), name="window"), keras.Input((4,), name="rr")
    x = layers.LSTM(3, return_sequences=True)(window)
    gate = layers.Dense(3, activation="sigmoid")(x)
    x = layers.Multiply()([x, gate, layers.GlobalAveragePooling1D()(x)])
    x = layers.Concatenate(axis=1)([x, layers.Concatenate()([window, layers.Dense(1)(x)])])
    x = layers.Add()([layers.Activation("tanh")(x), layers.Activation("sigmoid")(layers.Dense(1)(x))])
    x = layers.Flatten()(layers.Reshape((-1, 6))(x))
    x = layers.Concatenate()([layers.Dropout(0.3)(x), rr])
    x = layers.Dense(8)(x)
    x = layers.Add()([layers.Add()([x] * 5), layers.Activation("relu")(x)])
    x = layers.Add()([layers.Activation("relu6")(x), layers.ReLU(max_value=6.0)(x), layers.ReLU()(x)])
    x = layers.GlobalAveragePooling1D()(layers.Reshape((4, 2))(x))
    return keras.Model([window, rr], layers.Activation("softmax")(layers.Dense(3)(x)), name="graph")


def gru():
    return keras.Sequential([
        keras.Input((9, 2)),
        layers.GRU(5, return_sequences=True),
        layers.GRU(3, return_sequences=True, reset_after=False),
        layers.GRU(4, return_sequences=True, go_backwards=True),
        layers.LSTM(3, go_backwards=True),
        layers.Dense(3, activation="softmax"),
    ], name="gru")


def hard_sigmoid():
    # Keras 2 and 3 mean another function by this name.
    gates = dict(recurrent_activation="hard_sigmoid")
    return keras.Sequential([
        keras.Input((7, 2)),
        layers.LSTM(4, return_sequences=True, **gates),
        layers.GRU(3, return_sequences=True, **gates),
        layers.Bidirectional(layers.GRU(2, return_sequences=True, reset_after=False, name="gru", **gates)),
        layers.Activation("hard_sigmoid"),
        layers.LSTM(3, **gates),
        layers.Dense(3, activation="softmax"),
    ], name="hard_sigmoid")


def unbiased():
    return keras.Sequential([
        keras.Input((7, 2)),
        layers.LSTM(4, return_sequences=True, use_bias=False),
        layers.GRU(3, return_sequences=True, use_bias=False),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True, use_bias=False, name="lstm")),
        layers.GRU(4, reset_after=False, use_bias=False),
        layers.Dense(3, activation="softmax", use_bias=False),
    ], name="unbiased")


def bidirectional():
    return keras.Sequential([
        keras.Input((8, 2)),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="lstm")),
        layers.Bidirectional(layers.GRU(5, return_sequences=True, reset_after=False, name="gru"), merge_mode="sum"),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True, name="lstm"), merge_mode="mul"),
        layers.Bidirectional(layers.GRU(3, return_sequences=True, name="gru"), merge_mode="ave"),
        layers.Bidirectional(layers.GRU(3, name="gru")),
        layers.Dense(3, activation="softmax"),
    ], name="bidirectional")


def images():
    return keras.Sequential([
        keras.Input((9, 7, 2)),
        layers.Conv2D(4, (3, 2), strides=(2, 1), padding="same", activation="relu"),
        layers.DepthwiseConv2D((2, 3), padding="same", depth_multiplier=2, activation="tanh"),
        layers.ZeroPadding2D(((1, 0), (2, 1))),
        layers.Conv2D(5, (3, 2), padding="same", dilation_rate=(2, 3), use_bias=False),
        layers.LeakyReLU(0.25),
        layers.SeparableConv2D(6, (2, 3), padding="same", depth_multiplier=2, activation="relu6"),
        layers.MaxPooling2D((3, 2), strides=(1, 2), padding="same"),
        layers.DepthwiseConv2D(2, strides=2, padding="same", use_bias=False),
        layers.AveragePooling2D(2, strides=1, padding="same"),
        layers.SeparableConv2D(4, 2, use_bias=False),
        layers.Softmax(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ], name="images")


def image_graph():
    image, row = keras.Input((6, 5, 3), name="image"), keras.Input((5, 4), name="row")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    y = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Conv2D(4, (2, 5), padding="same")(x)))
    x = layers.ReLU()(layers.Add()([x, y, row]))
    x = layers.Multiply()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])
    x = layers.Concatenate(axis=1)([x, layers.ZeroPadding2D((1, 0))(layers.Conv2D(4, 4, strides=(3, 1), padding="same")(image))])
    x = layers.Concatenate()([layers.MaxPooling2D(2, padding="same")(x), layers.AveragePooling2D((3, 2), strides=2, padding="same")(x)])
    x = layers.Concatenate(axis=2)([x, layers.Dense(8, activation="sigmoid", use_bias=False)(x)])
    y = layers.ZeroPadding1D((2, 1))(layers.Reshape((-1, 8))(x))
    y = layers.Conv1D(4, 3, strides=2)(y)
    z = layers.Flatten()(layers.Reshape((4, 2, -1))(y))
    x = layers.Concatenate()([layers.GlobalMaxPooling2D()(x), layers.GlobalMaxPooling1D()(y), z])
    return keras.Model([image, row], layers.Softmax()(layers.Dense(3)(x)), name="image_graph")


def numbers(array):
    return np.asarray(array, dtype=np.float32).ravel().tolist()


def short(array):
    """As `numbers`, with the fewest digits that float32 has need of."""
    return [float(str(x)) for x in np.asarray(array, dtype=np.float32).ravel()]


def text(name):
    return name if isinstance(name, str) else name.decode()


def layers_of(h5_file):
    groups = h5_file["model_weights"]
    return [{
        "name": text(layer),
        "weights": [{
            "name": text(weight),
            "shape": list(groups[layer][weight].shape),
            "data": numbers(groups[layer][weight]),
        } for weight in groups[layer].attrs["weight_names"]],
    } for layer in groups.attrs["layer_names"]]


def write(build, rng):
    name, model = prefix + build.__name__, build()
    # Keras starts with biases of 0 and 1, which would hide a wrong bias.
    model.set_weights([w + rng.normal(0, 0.3, w.shape).astype("float32") for w in model.get_weights()])
    inputs = [rng.normal(0, 1, (WINDOWS, *x.shape[1:])).astype("float32") for x in model.inputs]
    folder = "pipeline/lib/formats/keras_h5/testdata" if build in FILES else tempfile.gettempdir()
    h5_path = f"{folder}/{name}.h5"
    model.save(h5_path)
    if build in (lstm, graph, image_graph, hard_sigmoid):
        model.save(f"pipeline/lib/formats/keras_v3/testdata/{name}.keras")
    tapped = keras.Model(model.inputs, [layer.output for layer in model.layers])
    with h5py.File(h5_path) as h5_file:
        golden = {
            "madeBy": f"python tasks/parity/keras_golden.py with Keras {keras.__version__}, TensorFlow {tf.__version__}",
            "config": json.loads(h5_file.attrs["model_config"]),
            "layers": layers_of(h5_file),
        }
    tensors = inputs if len(inputs) > 1 else inputs[0]
    golden["batch"] = WINDOWS
    # A window's values of all inputs, one behind the other.
    golden["inputs"] = short(np.concatenate([x.reshape(WINDOWS, -1) for x in inputs], axis=1))
    golden["layerOutputs"] = {l.name: short(y) for l, y in zip(model.layers, tapped(tensors))}
    golden["outputs"] = short(model(tensors))
    with open(f"pipeline/lib/nn/testdata/{name}.json", "w") as out:
        json.dump(golden, out)
        out.write("\n")


prefix = "keras2_" if keras.__version__.startswith("2.") else "keras3_"
# Models whose files are kept; of the others the JSON says all.
FILES = (lstm, cnn, functional, bidirectional, images, hard_sigmoid)
if __name__ == "__main__":
    for build in (*FILES, pooling, normalization, convolutions, graph, gru, unbiased, images, image_graph):
        if len(sys.argv) > 1 and build.__name__ not in sys.argv[1:]:
            continue
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        write(build, np.random.default_rng(7))
