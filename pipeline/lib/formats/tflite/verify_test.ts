import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { bytesOf, type OptionValue, type TfliteModel, type TfliteTensor } from "./graph.ts";
import { smallModel } from "./test_models.ts";
import { verifyTflite } from "./verify.ts";
import { encodeTflite } from "./writer.ts";

/** @returns What verifyTflite() says of the small model after a change. */
function verdict(change: (model: TfliteModel) => void): string {
  const model = smallModel();
  change(model);
  try {
    verifyTflite(encodeTflite(model), "m.tflite");
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof FormatError, `${error}`);
    return error.message;
  }
}

Deno.test("verifyTflite() accepts a sound model", () => {
  assert.equal(verdict(() => {}), "accepted");
});

Deno.test("verifyTflite() checks tensors", () => {
  assert.match(verdict((m) => m.tensors[1].shape = [2, 1, 4, 1]), /data must hold 32 bytes.*got 24/);
  assert.match(verdict((m) => m.tensors[3].shape = [1, 1, -4, 2]), /must not be negative/);
  assert.match(verdict((m) => m.tensors[3].shape = [1, 1, 65536, 65536]), /at most 1073741824 bytes/);
  assert.match(verdict((m) => m.tensors[3].shape = [1, 1, 1, 1, 1, 4, 2]), /at most 6 axes/);
  assert.match(verdict((m) => m.tensors[0].shapeSignature = [-1, 4]), /shape signature/);
  assert.match(verdict((m) => m.tensors[3].type = "STRING"), /must be a number, got STRING/);
  assert.match(verdict((m) => m.tensors[1].isVariable = true), /variable must not have data/);
  const quantization = (scale: number[], zeroPoint: number[]) => ({
    scale,
    zeroPoint,
    quantizedDimension: 0,
  });
  assert.match(verdict((m) => m.tensors[3].quantization = quantization([NaN], [0])), /positive, got NaN/);
  assert.match(
    verdict((m) => m.tensors[1].quantization = quantization([1, 1, 1], [0, 0, 0])),
    /1 scale or one/,
  );
  assert.match(
    verdict((m) => m.tensors[3].quantization = quantization([1], [99999])),
    /zero points must be in/,
  );
});

Deno.test("verifyTflite() checks the order of execution", () => {
  assert.match(verdict((m) => m.operators.reverse()), /must be computed before, got tensor 5/);
  assert.match(verdict((m) => m.operators.pop()), /output 7 must be computed/);
  assert.match(verdict((m) => m.operators[1].outputs = [3]), /written by no other, got tensor 3/);
  assert.match(verdict((m) => m.operators[1].outputs = [4]), /written by no other, got tensor 4/);
  assert.match(verdict((m) => m.inputs = [0, 0]), /named twice/);
  assert.match(
    verdict((m) => {
      m.tensors.push({ name: "unread", type: "FLOAT32", shape: [1, 8] });
      m.operators.push({ operator: "TANH", version: 1, inputs: [5], outputs: [8] });
    }),
    /output must be read by another, got tensor 8/,
  );
  assert.match(verdict((m) => m.inputs = []), /must have inputs and outputs/);
});

Deno.test("verifyTflite() checks operators, versions, counts and options", () => {
  assert.match(
    verdict((m) => m.operators[0].version = 6),
    /version must be in \[1, 5\] for TFLite 2\.9, got 6/,
  );
  assert.match(verdict((m) => m.operators[1].operator = "RFFT2D"), /can be checked before it runs/);
  assert.match(
    verdict((m) => Object.assign(m.operators[1], { operator: "CUSTOM", customCode: "Mine" })),
    /operator 1 \(Mine\): it must be a builtin/,
  );
  assert.match(
    verdict((m) => Object.assign(m.operators[1], { operator: "CUSTOM", customCode: "FlexErf" })),
    /operator 1 \(FlexErf\): it must be a builtin operator, got one of TensorFlow; convert without SELECT_TF_OPS/,
  );
  for (const operator of ["WHILE", "IF", "CALL_ONCE"]) {
    assert.match(
      verdict((m) => Object.assign(m.operators[1], { operator, optionsType: undefined })),
      new RegExp(`operator 1 \\(${operator}\\): it must be an operator that can be checked`),
    );
  }
  assert.match(verdict((m) => m.operators[0].inputs = [0]), /2 to 3 inputs, got 1/);
  assert.match(verdict((m) => m.operators[0].inputs = [0, -1, 2]), /input 1 must be there/);
  assert.match(
    verdict((m) => m.operators[0].options!.strideW = 0),
    /strides and dilations must be positive.*got 0/,
  );
  assert.match(
    verdict((m) => m.operators[0].options!.dilationHFactor = 1 << 20),
    /at most 32767, got 1048576/,
  );
  assert.match(verdict((m) => m.operators[0].options!.padding = 7), /padding must be one of the schema's/);
  assert.match(
    verdict((m) => m.operators[0].options!.fusedActivationFunction = -1),
    /fusedActivationFunction/,
  );
  assert.match(verdict((m) => m.operators[0].optionsType = undefined), /must have Conv2DOptions, got none/);
  assert.match(
    verdict((m) => m.tensors[4].data = undefined),
    /input 1 must be computed before|INT32 constant/,
  );
});

Deno.test("verifyTflite() checks that sizes and types fit each other", () => {
  assert.match(
    verdict((m) => Object.assign(m.tensors[2], { shape: [1], data: bytesOf(Float32Array.of(1)) })),
    /bias must hold 2 values/,
  );
  assert.match(
    verdict((m) => Object.assign(m.tensors[6], { shape: [1, 5], data: new Uint8Array(20) })),
    /multiple of 5 values/,
  );
  assert.match(
    verdict((m) => m.tensors[3].shape = [1, 1, 4, 3]),
    /outputs must be \[1,1,4,2\], got \[1,1,4,3\]/,
  );
  assert.match(
    verdict((m) => Object.assign(m.tensors[1], { type: "INT8", data: new Uint8Array(6) })),
    /weights must be quantized, got no scale/,
  );
  assert.match(verdict((m) => m.tensors[5].type = "INT32"), /must have one type, got FLOAT32 and INT32/);
  assert.match(verdict((m) => m.tensors[7].type = "INT64"), /must be FLOAT32,FLOAT32.*got FLOAT32,.*INT64/);
  assert.match(
    verdict((m) => m.tensors[4].data = bytesOf(Int32Array.of(1, 9))),
    /must hold 8 values, got \[1,9\]/,
  );
});

interface SingleOperator {
  operator: string;
  version?: number;
  optionsType?: string;
  options?: Record<string, OptionValue>;
  shape: number[];
  constants?: number[][];
  output: number[];
  /** Scale and zero point of input and output, which are INT8 then. */
  scales?: (readonly [scale: number, zeroPoint: number])[];
}

/** @returns What verifyTflite() says of one operator, FLOAT32 but for `scales`, with INT32 constants behind (or before) its input. */
function single(
  { operator, version = 1, optionsType, options, shape, constants = [], output, scales }: SingleOperator,
): string {
  return verdict((m) => {
    const isSplit = operator === "SPLIT";
    const activation = (name: string, shape: number[], place: 0 | 1): TfliteTensor =>
      scales === undefined ? { name, type: "FLOAT32", shape } : {
        name,
        type: "INT8",
        shape,
        quantization: { scale: [scales[place][0]], zeroPoint: [scales[place][1]], quantizedDimension: 0 },
      };
    m.tensors = [
      activation("input", shape, 0),
      activation("output", output, 1),
      ...constants.map((values, i) => ({
        name: `constant${i}`,
        type: "INT32" as const,
        shape: operator === "PAD" ? [values.length / 2, 2] : [values.length],
        data: bytesOf(Int32Array.from(values)),
      })),
    ];
    const steering = constants.map((_, i) => 2 + i);
    m.operators = [{
      operator,
      version,
      optionsType,
      options,
      inputs: isSplit ? [...steering, 0] : [0, ...steering],
      outputs: [1],
    }];
    m.outputs = [1];
    m.signatures = [];
  });
}

const reducer = { optionsType: "ReducerOptions", options: { keepDims: false } };
const slice = (beginMask: number, endMask: number, shrinkAxisMask: number) => ({
  optionsType: "StridedSliceOptions",
  options: { beginMask, endMask, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask },
});
/** One or two forms of each operator that works on one activation. */
const CASES: readonly SingleOperator[] = [
  {
    operator: "AVERAGE_POOL_2D",
    optionsType: "Pool2DOptions",
    options: { padding: 0, strideW: 1, strideH: 2, filterWidth: 3, filterHeight: 2 },
    shape: [1, 6, 7, 2],
    output: [1, 3, 7, 2],
  },
  { operator: "REDUCE_MAX", ...reducer, shape: [1, 6, 3], constants: [[1]], output: [1, 3] },
  { operator: "MEAN", ...reducer, shape: [1, 6, 3], constants: [[1]], output: [1, 3] },
  { operator: "MEAN", ...reducer, shape: [1, 2, 6, 3], constants: [[-3, 2]], output: [1, 3] },
  {
    operator: "MEAN",
    optionsType: "ReducerOptions",
    options: { keepDims: true },
    shape: [1, 6, 3],
    constants: [[1]],
    output: [1, 1, 3],
  },
  {
    operator: "MAX_POOL_2D",
    optionsType: "Pool2DOptions",
    options: { padding: 1, strideW: 2, strideH: 1, filterWidth: 2, filterHeight: 1 },
    shape: [1, 1, 7, 2],
    output: [1, 1, 3, 2],
  },
  { operator: "EXPAND_DIMS", shape: [2, 3], constants: [[-1]], output: [2, 3, 1] },
  { operator: "PAD", shape: [1, 3], constants: [[0, 0, 2, 1]], output: [1, 6] },
  { operator: "RESHAPE", shape: [2, 6], constants: [[3, -1]], output: [3, 4] },
  { operator: "REVERSE_V2", shape: [2, 6], constants: [[1]], output: [2, 6] },
  {
    operator: "SPLIT",
    optionsType: "SplitOptions",
    options: { numSplits: 1 },
    shape: [2, 6],
    constants: [[1]],
    output: [2, 6],
  },
  {
    operator: "SQUEEZE",
    optionsType: "SqueezeOptions",
    options: { squeezeDims: [-1] },
    shape: [2, 1],
    output: [2],
  },
  {
    operator: "STRIDED_SLICE",
    ...slice(5, 5, 2),
    shape: [1, 6, 3],
    constants: [[0, -1, 0], [0, 0, 0], [1, 1, 1]],
    output: [1, 3],
  },
  {
    operator: "STRIDED_SLICE",
    ...slice(0, 2, 0),
    shape: [4, 9],
    constants: [[1, 2], [-1, 0], [1, 3]],
    output: [2, 3],
  },
  { operator: "STRIDED_SLICE", ...slice(1, 1, 0), shape: [5], constants: [[0], [0], [-2]], output: [3] },
  { operator: "TRANSPOSE", shape: [2, 3, 4], constants: [[2, 0, 1]], output: [4, 2, 3] },
  {
    operator: "CONCATENATION",
    optionsType: "ConcatenationOptions",
    options: { axis: 1 },
    shape: [2, 3],
    output: [2, 3],
  },
  { operator: "TANH", shape: [2, 3], output: [2, 3] },
];

Deno.test("verifyTflite() knows the shape that each operator gives", () => {
  for (const one of CASES) {
    assert.equal(single(one), "accepted", one.operator);
    assert.match(
      single({ ...one, output: [...one.output.slice(0, -1), 7] }),
      /outputs must be/,
      one.operator,
    );
  }
});

Deno.test("verifyTflite() refuses integers that an operator leaves as they are between two scales", () => {
  const rescaling = ["MEAN", "TANH"];
  for (const one of CASES) {
    const quantized = (to: [scale: number, zeroPoint: number]) => single({ ...one, scales: [[0.02, 3], to] });
    assert.equal(quantized([0.02, 3]), "accepted", one.operator);
    // Scales that rounding made differ stand for the same numbers to half a step.
    assert.equal(quantized([0.020001, 3]), "accepted", one.operator);
    for (const [scale, zeroPoint] of [[0.04, 3], [0.02, -5]] as const) {
      const verdict = quantized([scale, zeroPoint]);
      if (rescaling.includes(one.operator)) assert.equal(verdict, "accepted", one.operator);
      else {
        assert.match(
          verdict,
          /must have one scale and zero point, .*got 0\.01999\d+, 3 of "input" and .* of "output"/,
          one.operator,
        );
      }
    }
  }
});

Deno.test("verifyTflite() refuses axes, permutations and slices outside the shape", () => {
  const mean = { operator: "MEAN", optionsType: "ReducerOptions", options: { keepDims: false }, output: [1] };
  assert.match(single({ ...mean, shape: [1, 4], constants: [[2]] }), /axes must be in \[-2, 1\], got 2/);
  assert.match(single({ ...mean, shape: [1, 4], constants: [[1, -1]] }), /axes must differ/);
  assert.match(single({ ...mean, shape: [1, 4], constants: [[1, 1, 1, 1, 1, 1, 1]] }), /a list of at most 6/);
  assert.match(
    single({ operator: "TRANSPOSE", shape: [2, 3], constants: [[0, 0]], output: [2, 2] }),
    /must name 2 axes once each/,
  );
  assert.match(
    single({ operator: "REVERSE_V2", shape: [2, 3], constants: [[0, 1]], output: [2, 3] }),
    /must name 1 axis, because TFLite 2\.9 looks at the first only, got 2/,
  );
  const slice = (begin: number, stride: number) =>
    single({
      operator: "STRIDED_SLICE",
      optionsType: "StridedSliceOptions",
      options: { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 1 },
      shape: [4],
      constants: [[begin], [4], [stride]],
      output: [],
    });
  assert.equal(slice(3, 1), "accepted");
  assert.match(slice(4, 1), /shrunk axis 0 must be one index in \[0, 4\), got 4/);
  assert.match(slice(0, 0), /strides must not be 0/);
  assert.match(
    single({ operator: "PAD", shape: [3], constants: [[-1, 0]], output: [2] }),
    /paddings must be in/,
  );
});

Deno.test("verifyTflite() refuses INT8 FULLY_CONNECTED weights with a scale a channel", () => {
  const message = verdict((m) => {
    m.tensors[6] = {
      name: "dense/kernel",
      type: "INT8",
      shape: [2, 8],
      data: new Uint8Array(16),
      quantization: { scale: [1, 2], zeroPoint: [0, 0], quantizedDimension: 0 },
    };
  });
  assert.match(message, /INT8 weights must have 1 scale, because TFLite 2\.9 .* got 2/);
});
