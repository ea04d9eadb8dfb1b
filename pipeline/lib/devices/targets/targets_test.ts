import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { bytesOf, type TfliteModel } from "../../formats/tflite/graph.ts";
import { decodeTflite } from "../../formats/tflite/reader.ts";
import { smallModel } from "../../formats/tflite/test_models.ts";
import golden from "../testdata/devices.json" with { type: "json" };
import { findingTexts, judgeTargets } from "./targets.ts";
import { resolverMethod } from "./tflite_micro.ts";

const FIXTURES = "../shared/fixtures/tflite";

/** @returns The small model as int8, with one scale a tensor. */
function integerModel(): TfliteModel {
  const model = smallModel(), quantization = { scale: [0.5], zeroPoint: [0], quantizedDimension: 0 };
  delete model.tensors[0].shapeSignature;
  for (const tensor of model.tensors) {
    if (tensor.type !== "FLOAT32") continue;
    const isBias = tensor.name === "conv/bias";
    tensor.type = isBias ? "INT32" : "INT8";
    if (tensor.data !== undefined && !isBias) tensor.data = tensor.data.slice(0, tensor.data.length / 4);
    tensor.quantization = quantization;
  }
  return model;
}

/** Verdict and reasons of each target by its name. */
function judge(change: (model: TfliteModel) => void = () => {}): Record<string, string[]> {
  const model = integerModel();
  change(model);
  return Object.fromEntries(
    judgeTargets(model).map(({ target, accepts, findings }) => [
      target,
      [accepts, ...findingTexts(findings, model)],
    ]),
  );
}

Deno.test("judgeTargets() takes a plain int8 model everywhere", () => {
  assert.deepEqual(judge(), {
    "TFLite 2.9": ["yes"],
    "tflite-micro": ["yes"],
    "Edge TPU": ["yes"],
    "Arm Vela (Ethos-U55)": ["yes"],
  });
});

Deno.test("judgeTargets() names what accelerators do not take", () => {
  const strided = judge((m) => m.operators[0].options!.strideW = 4);
  assert.deepEqual(strided["Arm Vela (Ethos-U55)"], [
    "partly",
    "0 CONV_2D: strides above 3 only without padding and dilation, got 1 x 4",
  ]);
  const float = judgeTargets(smallModel()).map(({ accepts }) => accepts);
  assert.deepEqual(float, ["yes", "yes", "no", "no"]);
  const batch = judge((m) => m.tensors[0].shape = [2, 1, 4, 1]);
  assert.match(batch["Edge TPU"].join(), /batch 1 only, got \[2,1,4,1\]/);
  const open = judge((m) => m.tensors[0].shapeSignature = [-1, 1, 4, 1]);
  assert.match(open["Edge TPU"].join(), /fixed shapes only/);
  assert.equal(open["Arm Vela (Ethos-U55)"][0], "yes");
  const dilated = judge((m) => m.operators[0].options!.dilationWFactor = 2);
  assert.match(dilated["Edge TPU"].join(), /0 CONV_2D: the same dilation/);
});

Deno.test("judgeTargets() knows that tflite-micro has no kernels for rounded weights of float activations", () => {
  const micro = (change: (model: TfliteModel) => void) => {
    const model = smallModel();
    change(model);
    return judgeTargets(model)[1].findings.map(({ problem }) => problem).join();
  };
  assert.match(
    micro((m) => m.tensors[6].type = "INT8"),
    /no kernel for INT8 weights with FLOAT32 activations/,
  );
  assert.match(
    micro((m) => {
      m.tensors[6].type = "FLOAT16";
      m.operators.unshift({ operator: "DEQUANTIZE", version: 3, inputs: [6], outputs: [7] });
    }),
    /no kernel for FLOAT16/,
  );
});

Deno.test("judgeTargets() says the same of several operators once", () => {
  const texts = judge((m) => {
    for (const operator of m.operators) operator.operator = "FAKE_QUANT";
  });
  assert.deepEqual(texts["tflite-micro"], ["no", "3 times FAKE_QUANT: no kernel for it"]);
});

Deno.test("judgeTargets() answers to steering constants of a wrong size", () => {
  const model = integerModel();
  model.tensors[4].data = bytesOf(Uint8Array.of(1, 2, 3));
  for (const operator of ["MEAN", "STRIDED_SLICE", "PAD"]) {
    model.operators[1] = { operator, version: 1, inputs: [3, 4, 4, 4], outputs: [5] };
    assert.equal(judgeTargets(model)[0].accepts, "no");
  }
});

Deno.test("resolverMethod() gives the methods of MicroMutableOpResolver", () => {
  const methods = {
    ADD: "AddAdd",
    CONV_2D: "AddConv2D",
    DEPTHWISE_CONV_2D: "AddDepthwiseConv2D",
    FULLY_CONNECTED: "AddFullyConnected",
    MAX_POOL_2D: "AddMaxPool2D",
    PADV2: "AddPadV2",
    RELU6: "AddRelu6",
    REVERSE_V2: "AddReverseV2",
    SPACE_TO_BATCH_ND: "AddSpaceToBatchNd",
    UNIDIRECTIONAL_SEQUENCE_LSTM: "AddUnidirectionalSequenceLSTM",
  };
  for (const [operator, method] of Object.entries(methods)) assert.equal(resolverMethod(operator), method);
});

Deno.test({
  name: "[shared] judgeTargets() agrees with tflite-micro and Vela about official models",
  ignore: !existsSync(FIXTURES),
  fn() {
    for (const [file, { arena, velaCpu }] of Object.entries(golden.models)) {
      const model = decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}`), file);
      const [, micro, , vela] = judgeTargets(model);
      // tflite-micro's Python package brings the signal library's custom operators along.
      const isCustom = model.operators.some(({ operator }) => operator === "CUSTOM");
      if (!isCustom) assert.equal(micro.accepts === "yes", arena !== null, `${file} in tflite-micro`);
      // Vela names an operator with a fused activation by the activation, so their number is compared.
      if (velaCpu !== null && !isCustom) {
        assert.equal(vela.findings.length, velaCpu.length, `${file} in Vela`);
      }
    }
  },
});
