import { bytesOf, type TfliteModel } from "./graph.ts";

/** A small graph with the parts that a file can have: conv -> reshape -> dense, for tests. */
export function smallModel(): TfliteModel {
  const floats = (values: number[]) => bytesOf(Float32Array.from(values));
  return {
    description: "a test",
    name: "main",
    tensors: [
      { name: "input", type: "FLOAT32", shape: [1, 1, 4, 1], shapeSignature: [-1, 1, 4, 1] },
      { name: "conv/kernel", type: "FLOAT32", shape: [2, 1, 3, 1], data: floats([1, 2, 3, -1, 0, 1]) },
      { name: "conv/bias", type: "FLOAT32", shape: [2], data: floats([0.5, -0.5]) },
      { name: "conv", type: "FLOAT32", shape: [1, 1, 4, 2] },
      { name: "shape", type: "INT32", shape: [2], data: bytesOf(Int32Array.of(1, 8)) },
      { name: "flat", type: "FLOAT32", shape: [1, 8] },
      { name: "dense/kernel", type: "FLOAT32", shape: [1, 8], data: floats([1, 1, 1, 1, 1, 1, 1, 1]) },
      { name: "output", type: "FLOAT32", shape: [1, 1] },
    ],
    operators: [
      {
        operator: "CONV_2D",
        version: 1,
        inputs: [0, 1, 2],
        outputs: [3],
        optionsType: "Conv2DOptions",
        options: {
          padding: 0,
          strideW: 1,
          strideH: 1,
          fusedActivationFunction: 1,
          dilationWFactor: 1,
          dilationHFactor: 1,
        },
      },
      { operator: "RESHAPE", version: 1, inputs: [3, 4], outputs: [5] },
      {
        operator: "FULLY_CONNECTED",
        version: 1,
        inputs: [5, 6, -1],
        outputs: [7],
        optionsType: "FullyConnectedOptions",
        options: {
          fusedActivationFunction: 0,
          weightsFormat: 0,
          keepNumDims: false,
          asymmetricQuantizeInputs: false,
        },
      },
    ],
    inputs: [0],
    outputs: [7],
    metadata: [{ name: "min_runtime_version", data: new TextEncoder().encode("1.13.0\0\0") }],
    signatures: [{
      key: "serving_default",
      inputs: [{ name: "input", tensor: 0 }],
      outputs: [{ name: "output", tensor: 7 }],
    }],
  };
}
