import type { LoweringContext } from "./context.ts";

/** Adds a layer's bias [filters], zeros where it has none: not all runtimes compute without. @returns Its index. */
export function biasConstant(
  { graph, weight, hasWeight }: LoweringContext,
  layer: { name: string },
  filters: number,
): number {
  const values = hasWeight("bias") ? weight("bias").data : new Float32Array(filters);
  return graph.floatConstant(`${layer.name}/bias`, [filters], values);
}
