import { ACTIVATION } from "../../formats/tflite/schema.ts";
import type { LSTMLayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import type { Lowering } from "./context.ts";

/** Keras' order of the gates in its weights, which is TFLite's order of inputs. */
const GATES = ["i", "f", "c", "o"];
const ABSENT = -1;
const BEGIN_AND_END_OF_AXES_0_AND_2 = 0b101, AXIS_1 = 0b010;

/**
 * Lowers an LSTM to UNIDIRECTIONAL_SEQUENCE_LSTM and, where only the last step is wanted, a STRIDED_SLICE.
 *
 * The hidden states of all steps are "<layer>/hidden" (the layer's own name if it returns sequences), the
 * states kept between invocations "<layer>/hidden_state" and "<layer>/cell".
 *
 * Source: tensorflow/lite/kernels/unidirectional_sequence_lstm.cc and lstm_shared.h of TensorFlow 2.9: 24
 * inputs, of which peephole, projection and layer normalization weights are absent.
 */
export const lowerLSTM: Lowering<LSTMLayer> = (layer, { graph, weight, inputShape, plainInput }) => {
  const { name, units, returnSequences } = layer;
  if (layer.goBackwards) {
    throw new TypeError(`Cannot convert layer "${name}": an LSTM must read forwards, got goBackwards true`);
  }
  const [steps, inChannels] = inputShape;
  const input = plainInput();
  const columns = 4 * units;
  const gateMatrices = (weightName: string, rows: number) =>
    GATES.map((gate, g) =>
      graph.floatConstant(
        `${name}/${weightName}_${gate}`,
        [units, rows],
        transposeColumns(weight(weightName).data, { columns, first: g * units, count: units }),
      )
    );
  const inputWeights = gateMatrices("kernel", inChannels);
  const recurrentWeights = gateMatrices("recurrent_kernel", units);
  const biases = GATES.map((gate, g) =>
    graph.floatConstant(
      `${name}/bias_${gate}`,
      [units],
      weight("bias").data.slice(g * units, (g + 1) * units),
    )
  );
  const state = (stateName: string) =>
    graph.tensor({ name: `${name}/${stateName}`, type: "FLOAT32", shape: [1, units], isVariable: true });
  const hiddenState = state("hidden_state"), cellState = state("cell");
  const sequence = graph.activation(returnSequences ? name : `${name}/hidden`, [1, steps, units]);
  graph.operator({
    operator: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    version: 1,
    inputs: [
      input,
      ...inputWeights,
      ...recurrentWeights,
      ...[ABSENT, ABSENT, ABSENT],
      ...biases,
      ...[ABSENT, ABSENT],
      hiddenState,
      cellState,
      ...[ABSENT, ABSENT, ABSENT, ABSENT],
    ],
    outputs: [sequence],
    optionsType: "UnidirectionalSequenceLSTMOptions",
    options: {
      fusedActivationFunction: ACTIVATION.TANH,
      cellClip: 0,
      projClip: 0,
      timeMajor: false,
      asymmetricQuantizeInputs: false,
    },
  });
  if (returnSequences) return { plain: sequence };

  const begin = graph.intConstant(`${name}/last_begin`, [0, -1, 0]);
  const end = graph.intConstant(`${name}/last_end`, [0, 0, 0]);
  const strides = graph.intConstant(`${name}/last_strides`, [1, 1, 1]);
  const last = graph.activation(name, [1, units]);
  graph.operator({
    operator: "STRIDED_SLICE",
    version: 1,
    inputs: [sequence, begin, end, strides],
    outputs: [last],
    optionsType: "StridedSliceOptions",
    options: {
      beginMask: BEGIN_AND_END_OF_AXES_0_AND_2,
      endMask: BEGIN_AND_END_OF_AXES_0_AND_2,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: AXIS_1,
    },
  });
  return { plain: last };
};
