import assert from "node:assert/strict";
import { PADDING } from "../../formats/tflite/schema.ts";
import type { Model } from "../../nn/model.ts";
import { conv1d, depthwise1d, model } from "../test_models.ts";
import { eliminateReshapes } from "./eliminate_reshapes.ts";
import { foldPadding } from "./fold_padding.ts";
import { removeDead } from "./remove_dead.ts";
import { after, operatorsOf } from "./test_passes.ts";

const folded = (network: Model) => after(network, eliminateReshapes, removeDead, foldPadding);
const zeros = (before: number, behind: number) => ({
  kind: "ZeroPadding1D" as const,
  padding: [[before, behind]] as [[number, number]],
});

Deno.test("foldPadding() lets the convolution pad where that gives the same", () => {
  const valid = { padding: "valid" as const };
  const networks = [
    model([8, 2], zeros(1, 1), conv1d(3, 3, valid)),
    model([8, 2], zeros(2, 2), conv1d(3, 3, { ...valid, dilation: 2 })),
    model([9, 2], zeros(1, 1), depthwise1d(3, { ...valid, strides: 2 })),
    model([8, 2], zeros(0, 1), conv1d(3, 3, { ...valid, strides: 2 })),
    // The last zero is never read.
    model([9, 2], zeros(1, 2), conv1d(3, 3, { ...valid, strides: 2 })),
  ];
  for (const network of networks) {
    const graph = folded(network), [, convolution] = graph.operators;
    assert.deepEqual(operatorsOf(graph).filter((name) => name !== "RESHAPE").length, 1);
    assert.equal(convolution.options!.padding, PADDING.SAME);
  }
});

Deno.test("foldPadding() leaves what SAME would place otherwise, and what others read", () => {
  const networks = [
    model([8, 2], conv1d(3, 3, { padding: "causal" })),
    model([8, 2], zeros(1, 1), conv1d(3, 3, { padding: "valid", strides: 2 })),
    model([8, 2], zeros(2, 2), conv1d(3, 3, { padding: "valid" })),
    model([8, 2], zeros(1, 1), conv1d(3, 3)),
    model([8, 2], zeros(1, 1), conv1d(2, 1, { padding: "valid" }), {
      kind: "Add",
      inputs: ["layer0", "layer1"],
    }),
  ];
  for (const network of networks) assert.ok(operatorsOf(folded(network)).includes("PAD"));
});
