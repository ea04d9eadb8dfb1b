"""Writes small models saved by Keras 2.2, with what it computes on given windows, as keras_golden.py does.

Run it from the project's root, with Python 3.6:

  pip install 'tensorflow==1.13.1' 'keras==2.2.4' 'h5py<3' 'numpy<1.17' 'protobuf<3.18'
  python tasks/parity/keras22_golden.py
"""

import json

import h5py
import keras
import numpy as np
from keras import layers
from keras_golden import WINDOWS, layers_of, numbers


def sequential():
    # The first layer says what the model reads.
    return keras.Sequential([
        layers.Conv1D(4, 5, strides=2, padding="same", activation="relu", input_shape=(13, 2)),
        layers.BatchNormalization(),
        layers.MaxPooling1D(2),
        layers.Dropout(0.2),
        layers.LSTM(3, recurrent_activation="sigmoid"),
        layers.Dense(3, activation="softmax"),
    ])


def defaults():
    # The gates' hard sigmoid is the default of both layers.
    return keras.Sequential([
        layers.LSTM(4, return_sequences=True, input_shape=(9, 2)),
        layers.Bidirectional(layers.GRU(3, name="gru")),
        layers.Dense(3, activation="softmax"),
    ])


def graph():
    window, rr = keras.Input((10, 2), name="window"), keras.Input((4,))
    x = layers.LSTM(3, return_sequences=True, recurrent_activation="sigmoid")(window)
    x = layers.Multiply()([x, layers.Dense(3, activation="sigmoid")(x)])
    x = layers.Concatenate()([layers.Flatten()(layers.Reshape((5, 6))(x)), rr])
    x = layers.Dropout(0.5)(layers.ReLU(max_value=6.0)(x))
    x = layers.Add()([layers.Activation("tanh")(x), x])
    return keras.Model([window, rr], layers.Dense(3, activation="softmax")(x))


def write(build, rng):
    name, model = "keras22_" + build.__name__, build()
    model.set_weights([np.abs(w + rng.normal(0, 0.3, w.shape)) for w in model.get_weights()])
    inputs = [rng.normal(0, 1, (WINDOWS,) + tuple(map(int, x.shape[1:]))).astype("float32") for x in model.inputs]
    # The file then holds the compilation and the optimizer's state, too.
    model.compile("adam", "categorical_crossentropy")
    model.train_on_batch(inputs, np.eye(3)[:WINDOWS])
    path = f"pipeline/lib/formats/keras_h5/testdata/{name}.h5"
    model.save(path)
    # TensorFlow 1 cannot fetch what it is fed.
    computed = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    tapped = keras.Model(model.inputs, [layer.output for layer in computed])
    with h5py.File(path, "r") as h5_file:
        golden = {
            "madeBy": f"python tasks/parity/keras22_golden.py with Keras {keras.__version__}",
            "config": json.loads(h5_file.attrs["model_config"]),
            "layers": layers_of(h5_file),
        }
    golden["batch"] = WINDOWS
    golden["inputs"] = numbers(np.concatenate([x.reshape(WINDOWS, -1) for x in inputs], axis=1))
    golden["layerOutputs"] = {l.name: numbers(y) for l, y in zip(computed, tapped.predict(inputs))}
    golden["layerOutputs"].update((x.name.split(":")[0], numbers(y)) for x, y in zip(model.inputs, inputs))
    golden["outputs"] = numbers(model.predict(inputs))
    with open(f"pipeline/lib/nn/testdata/{name}.json", "w") as out:
        json.dump(golden, out)
        out.write("\n")


for build in (sequential, graph, defaults):
    keras.backend.clear_session()
    write(build, np.random.RandomState(7))
