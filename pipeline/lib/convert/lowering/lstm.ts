import { ACTIVATION } from "../../formats/tflite/schema.ts";
import type { LSTMLayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import { lastStep, shapeOf } from "../operations.ts";
import type { RecurrentContext } from "./context.ts";

/** Keras' order of the gates in its weights, which is TFLite's order of inputs. */
const GATES = ["i", "f", "c", "o"];
const ABSENT = -1;

/**
 * Lowers an LSTM that reads forwards to UNIDIRECTIONAL_SEQUENCE_LSTM and, where only the last step is wanted, a
 * STRIDED_SLICE.
 *
 * The hidden states of all steps are "<layer>/hidden" (the layer's own name if it returns sequences), the
 * states kept between invocations "<layer>/hidden_state" and "<layer>/cell".
 *
 * Source: tensorflow/lite/kernels/unidirectional_sequence_lstm.cc and lstm_shared.h of TensorFlow 2.9: 24
 * inputs, of which peephole, projection and layer normalization weights are absent.
 */
export function lowerLstm(
  { name, units, returnSequences, useBias = true }: LSTMLayer,
  { graph, sequence, weight }: RecurrentContext,
): number {
  const [batch, steps, inChannels] = shapeOf(graph, sequence);
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
  const bias = useBias ? weight("bias").data : new Float32Array(columns);
  const biases = GATES.map((gate, g) =>
    graph.floatConstant(
      `${name}/bias_${gate}`,
      [units],
      bias.slice(g * units, (g + 1) * units),
    )
  );
  const state = (stateName: string) =>
    graph.tensor({ name: `${name}/${stateName}`, type: "FLOAT32", shape: [batch, units], isVariable: true });
  const hiddenState = state("hidden_state"), cellState = state("cell");
  const hidden = graph.activation(returnSequences ? name : `${name}/hidden`, [batch, steps, units]);
  graph.operator({
    operator: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    version: 1,
    inputs: [
      sequence,
      ...inputWeights,
      ...recurrentWeights,
      ...[ABSENT, ABSENT, ABSENT],
      ...biases,
      ...[ABSENT, ABSENT],
      hiddenState,
      cellState,
      ...[ABSENT, ABSENT, ABSENT, ABSENT],
    ],
    outputs: [hidden],
    optionsType: "UnidirectionalSequenceLSTMOptions",
    options: {
      fusedActivationFunction: ACTIVATION.TANH,
      cellClip: 0,
      projClip: 0,
      timeMajor: false,
      asymmetricQuantizeInputs: false,
    },
  });
  return returnSequences ? hidden : lastStep(graph, hidden, name);
}
