import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { bytesOf, type TfliteModel } from "./graph.ts";
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
  assert.match(verdict((m) => m.operators[0].inputs = [0]), /2 to 3 inputs, got 1/);
  assert.match(verdict((m) => m.operators[0].inputs = [0, -1, 2]), /input 1 must be there/);
  assert.match(verdict((m) => m.operators[0].options!.strideW = 0), /strideW must be positive, got 0/);
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

Deno.test("verifyTflite() checks that sizes fit each other", () => {
  assert.match(
    verdict((m) => Object.assign(m.tensors[2], { shape: [1], data: bytesOf(Float32Array.of(1)) })),
    /bias must hold 2 values/,
  );
  assert.match(
    verdict((m) => Object.assign(m.tensors[6], { shape: [1, 5], data: new Uint8Array(20) })),
    /multiple of 5 values/,
  );
  assert.match(
    verdict((m) => Object.assign(m.tensors[1], { type: "INT8", data: new Uint8Array(6) })),
    /must be quantized, got no scale/,
  );
});

Deno.test("verifyTflite() refuses axes outside the shape", () => {
  const mean = (axis: number) =>
    verdict((m) => {
      m.tensors[4].data = bytesOf(Int32Array.of(1, axis));
      Object.assign(m.operators[1], {
        operator: "MEAN",
        optionsType: "ReducerOptions",
        options: { keepDims: false },
      });
    });
  assert.equal(mean(-4), "accepted");
  assert.match(mean(4), /axes must be in \[-4, 3\], got 4/);
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

Deno.test("verifyTflite() refuses GATHER indices outside the axis, which the kernel would read", () => {
  const gather = (index: number) =>
    verdict((m) => {
      m.tensors[4].data = bytesOf(Int32Array.of(0, index));
      Object.assign(m.operators[1], {
        operator: "GATHER",
        optionsType: "GatherOptions",
        options: { axis: -1, batchDims: 0 },
      });
    });
  assert.equal(gather(1), "accepted");
  assert.match(gather(2), /indices must be in \[0, 1\], got 2/);
});
