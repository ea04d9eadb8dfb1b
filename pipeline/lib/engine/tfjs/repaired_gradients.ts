import type { TensorFlow, TfTensor } from "./tensorflow.ts";

/** Puts right two gradients of TensorFlow.js 4.22. To be called once. */
export function repairGradients(tf: TensorFlow): void {
  tf.registerGradient({
    kernelName: "Unpack",
    // Of a sequence of one step it hands on that step's gradient by itself, and fails to stack what is no list.
    gradFunc: (dy, _, { axis }) => ({ value: () => tf.stack([dy].flat(), axis as number) }),
  });
  tf.registerGradient({
    kernelName: "Max",
    inputsToSave: ["x"],
    outputsToSave: [true],
    // It gives the whole gradient to each of several largest values; Keras shares it among them.
    gradFunc(dy, [x, largest], { reductionIndices }) {
      const axes = [reductionIndices as number | number[]].flat().map((axis) =>
        axis < 0 ? axis + x.shape.length : axis
      );
      const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
      const isLargest = tf.cast(tf.equal(x, tf.reshape(largest, kept)), "float32");
      const share = tf.div(tf.reshape(dy as TfTensor, kept), tf.sum(isLargest, axes, true));
      return { x: () => tf.mul(share, isLargest) };
    },
  });
}
