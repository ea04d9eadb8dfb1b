import { BLOCK_SAMPLES } from "../kernels/kernels.ts";
import type { TensorFlow, TfLayerClasses, TfLayerVariable, TfTensor } from "./tensorflow.ts";

/** What is used of TensorFlow.js' own layer. */
interface ShippedLayer {
  momentum: number;
  epsilon: number;
  /** Undefined without `scale` and without `center`. */
  gamma?: TfLayerVariable;
  beta?: TfLayerVariable;
  movingMean: TfLayerVariable;
  movingVariance: TfLayerVariable;
  call(inputs: TfTensor | TfTensor[], options: { training?: boolean }): TfTensor;
}

/**
 * Makes TensorFlow.js' batch normalization one over blocks of 32 windows in training, as this project's is (see
 * nn/layers/batch_normalization.ts): each block is normalized by its own statistics, and the moving ones follow the blocks' mean,
 * each with the weight of its windows. To be called once.
 */
export function registerBatchNormalization(tf: TensorFlow, { layers, registerClass }: TfLayerClasses): void {
  const { batchNormalization } = layers as unknown as { batchNormalization(): { constructor: unknown } };
  const Shipped = batchNormalization().constructor as new (options: Record<string, unknown>) => ShippedLayer;

  class BlockNormalization extends Shipped {
    static className = "BatchNormalization";

    override call(inputs: TfTensor | TfTensor[], options: { training?: boolean }): TfTensor {
      if (!options.training) return super.call(inputs, options);
      return tf.tidy(() => {
        const [input] = Array.isArray(inputs) ? inputs : [inputs], [count, ...shape] = input.shape;
        const means: TfTensor[] = [], variances: TfTensor[] = [], outputs: TfTensor[] = [];
        for (let first = 0; first < count; first += BLOCK_SAMPLES) {
          const size = Math.min(BLOCK_SAMPLES, count - first);
          const block = tf.slice(input, [first, ...shape.map(() => 0)], [size, ...shape]);
          const axes = shape.map((_, axis) => axis),
            mean = tf.mean(block, axes),
            centred = tf.sub(block, mean);
          const variance = tf.mean(tf.square(centred), axes);
          outputs.push(tf.mul(centred, tf.rsqrt(tf.add(variance, this.epsilon))));
          means.push(tf.mul(mean, size / count));
          variances.push(tf.mul(variance, size / count));
        }
        this.follow(this.movingMean, means);
        this.follow(this.movingVariance, variances);
        let output = outputs.length === 1 ? outputs[0] : tf.concat(outputs, 0);
        if (this.gamma) output = tf.mul(output, this.gamma.read());
        return this.beta ? tf.add(output, this.beta.read()) : output;
      });
    }

    private follow(moving: TfLayerVariable, shares: TfTensor[]): void {
      const statistic = shares.reduce((sum, share) => tf.add(sum, share));
      moving.write(tf.add(tf.mul(moving.read(), this.momentum), tf.mul(statistic, 1 - this.momentum)));
    }
  }

  registerClass(BlockNormalization);
}
