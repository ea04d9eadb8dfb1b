import type { BatchNormalizationLayer } from "../../nn/model.ts";
import type { BlockContext, BlockOp } from "./block.ts";

/**
 * Compiles a batch normalization; nn/layers/batch_normalization.ts says by which statistics. Those of the blocks are summed
 * at the places of the moving ones among the gradients.
 */
export function compileBatchNormalization(
  { momentum, epsilon, scale, center }: BatchNormalizationLayer,
  context: BlockContext,
): BlockOp {
  const { inputs: [input], output, parameters } = context, { steps, channels } = input;
  const place = (name: string, offset: number) => {
    context.place({ name, offset, columnStride: 1 });
    return 4 * offset;
  };
  const gamma = scale ? place("gamma", context.reserve(channels)) : undefined;
  const beta = center ? place("beta", context.reserve(channels)) : undefined;
  const movingMean = place("moving_mean", context.reserveMoving(channels, momentum));
  const movingVariance = place("moving_variance", context.reserveMoving(channels, momentum));
  const means = context.allocate(channels), variances = context.allocate(channels);
  const addressIn = (base: number, offset: number | undefined) => offset === undefined ? 0 : base + offset;
  const gammas = addressIn(parameters, gamma), betas = addressIn(parameters, beta);
  return {
    forward({ kernels }, { training, samples }) {
      if (training) kernels.blockStatistics(steps, channels, samples, input.address, means, variances);
      kernels.normalize(
        steps,
        channels,
        input.address,
        training ? means : parameters + movingMean,
        training ? variances : parameters + movingVariance,
        gammas,
        betas,
        epsilon,
        output.address,
      );
    },
    backward({ kernels }, gradients, { samples }) {
      kernels.normalizeBackward(
        steps,
        channels,
        samples,
        input.address,
        means,
        variances,
        gammas,
        epsilon,
        output.gradient,
        input.gradient,
        addressIn(gradients, gamma),
        addressIn(gradients, beta),
        gradients + movingMean,
        gradients + movingVariance,
      );
    },
  };
}
