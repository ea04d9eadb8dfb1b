import { hardSigmoid } from "./hard_sigmoid.ts";
import type { TensorFlow, TfLayerClasses, TfLayerVariable, TfTensor } from "./tensorflow.ts";

/** What is used of TensorFlow.js' recurrent layers to make one more. */
interface RecurrentClasses {
  RNN: new (options: Record<string, unknown>) => { getConfig(): Record<string, unknown> };
  RNNCell: new (options: Record<string, unknown>) => {
    built: boolean;
    addWeight(name: string, shape: number[], dtype: null, initializer: unknown): TfLayerVariable;
  };
  gru(options: { units: number }): { constructor: unknown };
}

/** The options of a GRU in TensorFlow.js' form, as far as they are read here. */
interface GruOptions extends Record<string, unknown> {
  units: number;
  useBias: boolean;
  recurrentActivation: "sigmoid" | "hardSigmoid";
}

/**
 * Teaches TensorFlow.js the GRU whose reset gate acts behind the product with the recurrent kernel: Keras' default, which it
 * refuses. The other form stays its own. To be called once.
 *
 * Source: Keras 2.15, keras/layers/rnn/gru.py, GRUCell.call with reset_after; gate order z, r, h.
 */
export function registerGru(tf: TensorFlow, { layers, registerClass }: TfLayerClasses): void {
  const { RNN, RNNCell, gru } = layers as unknown as RecurrentClasses;
  const Shipped = gru({ units: 1 }).constructor as new (options: Record<string, unknown>) => unknown;

  class ResetAfterGruCell extends RNNCell {
    static className = "ResetAfterGruCell";
    readonly stateSize: number;
    private variables:
      | { kernel: TfLayerVariable; recurrentKernel: TfLayerVariable; bias?: TfLayerVariable }
      | undefined;

    constructor(private readonly options: GruOptions) {
      super({});
      this.stateSize = options.units;
    }

    build(inputShape: number[]): void {
      const { units, useBias } = this.options,
        gates = 3 * units,
        zeros = { apply: (shape: number[]) => tf.zeros(shape) };
      this.variables = {
        kernel: this.addWeight("kernel", [inputShape[inputShape.length - 1], gates], null, zeros),
        recurrentKernel: this.addWeight("recurrent_kernel", [units, gates], null, zeros),
        bias: useBias ? this.addWeight("bias", [2, gates], null, zeros) : undefined,
      };
      this.built = true;
    }

    /** @param state Input of one step, [batch, channels], and the hidden state before it, [batch, units]. */
    call([input, hidden]: TfTensor[]): TfTensor[] {
      return tf.tidy(() => {
        const { kernel, recurrentKernel, bias } = this.variables!;
        const biases = bias && tf.split(bias.read(), 2, 0);
        const product = (values: TfTensor, weights: TfLayerVariable, which: number) => {
          const sums = tf.matMul(values, weights.read());
          return tf.split(biases ? tf.add(sums, biases[which]) : sums, 3, 1);
        };
        const ofInput = product(input, kernel, 0), ofHidden = product(hidden, recurrentKernel, 1);
        const isHard = this.options.recurrentActivation === "hardSigmoid";
        const gate = (g: number) => {
          const sum = tf.add(ofInput[g], ofHidden[g]);
          return isHard ? hardSigmoid(tf, sum) : tf.sigmoid(sum);
        };
        const z = gate(0), r = gate(1);
        const candidate = tf.tanh(tf.add(ofInput[2], tf.mul(r, ofHidden[2])));
        const next = tf.add(candidate, tf.mul(z, tf.sub(hidden, candidate)));
        return [next, next];
      });
    }
  }

  class ResetAfterGru extends RNN {
    static className = "GRU";
    private readonly options: GruOptions;

    constructor({ units, useBias, recurrentActivation, ...options }: GruOptions) {
      const own = { units, useBias, recurrentActivation };
      super({ ...options, cell: new ResetAfterGruCell(own) });
      this.options = own;
    }

    static fromConfig(_: unknown, options: GruOptions): unknown {
      return options.resetAfter ? new ResetAfterGru(options) : new Shipped(options);
    }

    override getConfig(): Record<string, unknown> {
      return { ...super.getConfig(), ...this.options, resetAfter: true };
    }
  }

  registerClass(ResetAfterGru);
}
