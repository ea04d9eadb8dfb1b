import { type Padding, windowExtent } from "../../nn/layers/window_extent.ts";
import { hardSigmoid } from "./hard_sigmoid.ts";
import type { TensorFlow, TfLayerClasses, TfLayerVariable, TfTensor } from "./tensorflow.ts";

/** What is used of TensorFlow.js' layers to make others. */
interface LayerClasses {
  Layer: new (options: Record<string, unknown>) => {
    name: string;
    addWeight(name: string, shape: number[], dtype: null, initializer: unknown): TfLayerVariable;
  };
  conv1d(options: { filters: number; kernelSize: number }): { constructor: unknown };
}

/** The options of a convolution in TensorFlow.js' form. */
interface ConvolutionOptions extends Record<string, unknown> {
  /** Absent in a depthwise convolution. */
  filters?: number;
  kernelSize: [number];
  strides: [number];
  padding: Padding;
  dilationRate: [number];
  /** Absent in a Conv1D. */
  depthMultiplier?: number;
  useBias: boolean;
  activation: "linear" | "relu" | "relu6" | "sigmoid" | "softmax" | "tanh" | "hardSigmoid";
}

/**
 * Teaches TensorFlow.js what it lacks of convolutions over time: DepthwiseConv1D, SeparableConv1D, and the Conv1D whose padding
 * is causal or whose gradient it does not know, because it is dilated; other ones stay its own. To be called once.
 */
export function registerConvolutions(tf: TensorFlow, { layers, registerClass }: TfLayerClasses): void {
  const { Layer, conv1d } = layers as unknown as LayerClasses;
  const Shipped = conv1d({ filters: 1, kernelSize: 1 }).constructor as new (options: unknown) => unknown;
  const zeros = { apply: (shape: number[]) => tf.zeros(shape) };

  /** A convolution as products of the input's shifted copies. */
  abstract class Convolution extends Layer {
    private bias: TfLayerVariable | undefined;

    constructor(protected readonly options: ConvolutionOptions) {
      super(options);
    }

    /** Adds the kernels. @returns How many channels the output has. */
    protected abstract buildKernels(channels: number): number;
    /** @param copies The input's steps under each step of the kernel, [batch, outSteps, channels] each. */
    protected abstract convolve(copies: TfTensor[]): TfTensor;
    protected abstract outChannels(channels: number): number;

    build([, , channels]: number[]): void {
      const outChannels = this.buildKernels(channels);
      if (this.options.useBias) this.bias = this.zeroWeight("bias", [outChannels]);
    }

    computeOutputShape([batch, steps, channels]: number[]): number[] {
      return [batch, this.extent(steps).outSteps, this.outChannels(channels)];
    }

    call(inputs: TfTensor | TfTensor[]): TfTensor {
      return tf.tidy(() => {
        let output = this.convolve(this.copiesOf(Array.isArray(inputs) ? inputs[0] : inputs));
        if (this.bias) output = tf.add(output, this.bias.read());
        const { activation } = this.options;
        if (activation === "hardSigmoid") return hardSigmoid(tf, output);
        return activation === "linear" ? output : tf[activation](output);
      });
    }

    protected zeroWeight(name: string, shape: number[]): TfLayerVariable {
      return this.addWeight(name, shape, null, zeros);
    }

    private extent(steps: number) {
      const { kernelSize: [size], strides: [strides], padding, dilationRate: [dilation] } = this.options;
      return windowExtent(
        { name: this.name, sizeName: "kernelSize" },
        { size, strides, padding, dilation },
        steps,
      );
    }

    private copiesOf(input: TfTensor): TfTensor[] {
      const { kernelSize: [size], strides: [stride], dilationRate: [dilation] } = this.options;
      const [batch, steps, channels] = input.shape, { outSteps, padLeft, padRight } = this.extent(steps);
      // Room for a whole stride behind each step: TensorFlow.js has no gradient of a slice with strides.
      const padded = tf.pad(input, [[0, 0], [padLeft, padRight + stride - 1], [0, 0]]);
      return Array.from({ length: size }, (_, step) => {
        const run = tf.slice(padded, [0, step * dilation, 0], [batch, outSteps * stride, channels]);
        if (stride === 1) return run;
        const strided = tf.reshape(run, [batch, outSteps, stride, channels]);
        const first = tf.slice(strided, [0, 0, 0, 0], [batch, outSteps, 1, channels]);
        return tf.reshape(first, [batch, outSteps, channels]);
      });
    }
  }

  class AnyConv1D extends Convolution {
    static className = "Conv1D";
    private kernel!: TfLayerVariable;

    static fromConfig(_: unknown, options: ConvolutionOptions): unknown {
      const isKnown = options.padding !== "causal" && options.dilationRate[0] === 1;
      return isKnown ? new Shipped(options) : new AnyConv1D(options);
    }

    protected outChannels(): number {
      return this.options.filters!;
    }

    protected buildKernels(channels: number): number {
      this.kernel = this.zeroWeight("kernel", [this.options.kernelSize[0], channels, this.options.filters!]);
      return this.outChannels();
    }

    protected convolve(copies: TfTensor[]): TfTensor {
      const kernel = this.kernel.read(), [size, channels, filters] = kernel.shape;
      return product(tf.concat(copies, 2), tf.reshape(kernel, [size * channels, filters]));
    }
  }

  class DepthwiseConv1D extends Convolution {
    static className = "DepthwiseConv1D";
    private depthwise!: TfLayerVariable;

    protected outChannels(channels: number): number {
      return channels * this.options.depthMultiplier!;
    }

    protected buildKernels(channels: number): number {
      const { kernelSize: [size], depthMultiplier } = this.options;
      this.depthwise = this.zeroWeight("depthwise_kernel", [size, channels, depthMultiplier!]);
      return this.outChannels(channels);
    }

    protected convolve(copies: TfTensor[]): TfTensor {
      const kernel = this.depthwise.read(), [, channels, multiplier] = kernel.shape;
      const [batch, outSteps] = copies[0].shape;
      const products = copies.map((copy, step) => {
        const row = tf.reshape(tf.slice(kernel, [step, 0, 0], [1, channels, multiplier]), [
          channels,
          multiplier,
        ]);
        return tf.mul(tf.reshape(copy, [batch, outSteps, channels, 1]), row);
      });
      return tf.reshape(products.reduce((sum, next) => tf.add(sum, next)), [
        batch,
        outSteps,
        channels * multiplier,
      ]);
    }
  }

  class SeparableConv1D extends DepthwiseConv1D {
    static override className = "SeparableConv1D";
    private pointwise!: TfLayerVariable;

    protected override outChannels(): number {
      return this.options.filters!;
    }

    protected override buildKernels(channels: number): number {
      super.buildKernels(channels);
      const { depthMultiplier, filters } = this.options;
      this.pointwise = this.zeroWeight("pointwise_kernel", [1, channels * depthMultiplier!, filters!]);
      return filters!;
    }

    protected override convolve(copies: TfTensor[]): TfTensor {
      const kernel = this.pointwise.read();
      return product(super.convolve(copies), tf.reshape(kernel, kernel.shape.slice(1)));
    }
  }

  /** [batch, steps, channels] times [channels, filters]. */
  function product(input: TfTensor, matrix: TfTensor): TfTensor {
    const [batch, steps, channels] = input.shape;
    const rows = tf.matMul(tf.reshape(input, [batch * steps, channels]), matrix);
    return tf.reshape(rows, [batch, steps, matrix.shape[1]]);
  }

  for (const layer of [AnyConv1D, DepthwiseConv1D, SeparableConv1D]) registerClass(layer);
}
