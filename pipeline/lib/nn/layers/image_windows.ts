import { z } from "zod";
import { size } from "./keras_options.ts";
import { checkSize } from "./layer_kind.ts";
import { checkPadding, type WindowExtent, windowExtent } from "./window_extent.ts";

/** Two sizes of an image or of a window over it: height, width. */
export type ImageSize = [height: number, width: number];

/** Both sizes as Keras writes them. */
export const imageSize = z.tuple([size, size]);

/** How a convolution's or a pooling's window slides over the rows and columns of an image. */
export interface ImageWindow {
  size: ImageSize;
  strides: ImageSize;
  padding: "same" | "valid";
  /** Rows and columns from one pixel that it reads to the next. Default 1 and 1. */
  dilation?: ImageSize;
}

/** Where the windows lie, by rows and by columns. */
export type ImageExtent = [rows: WindowExtent, columns: WindowExtent];

/**
 * Places a window over an image, each axis as {@linkcode windowExtent} does.
 *
 * @param layer Name and what the size is called, for messages.
 * @throws RangeError A "valid" window that is larger than the image.
 * @throws TypeError An unknown padding.
 */
export function imageExtent(
  layer: { name: string; sizeName: string },
  { size, strides, padding, dilation }: ImageWindow,
  image: readonly number[],
): ImageExtent {
  const along = (axis: 0 | 1) =>
    windowExtent(
      layer,
      { size: size[axis], strides: strides[axis], padding, dilation: dilation?.[axis] },
      image[axis],
    );
  return [along(0), along(1)];
}

/** @throws RangeError A size that is no integer of at least 1. @throws TypeError An unknown padding. */
export function checkImageWindow(
  { name, sizeName }: { name: string; sizeName: string },
  { size, strides, padding, dilation = [1, 1] }: ImageWindow,
): void {
  for (const [what, sizes] of [[sizeName, size], ["strides", strides], ["dilation", dilation]] as const) {
    if (sizes.length !== 2) {
      throw new RangeError(
        `Cannot use layer "${name}": ${what} must be [height, width], got [${sizes.join(", ")}]`,
      );
    }
    sizes.forEach((size) => checkSize(name, what, size));
  }
  checkPadding(name, padding);
  if (Math.max(...strides) > 1 && Math.max(...dilation) > 1) {
    throw new RangeError(
      `Cannot use layer "${name}": dilation must be 1 with strides above 1, got [${
        dilation.join(", ")
      }] with [${strides.join(", ")}]`,
    );
  }
}

/**
 * Visits what each window reads of an image, row-major; padding is passed over.
 *
 * @param image Height and width. @param extent From `imageExtent`.
 * @param use Receives the index of the window (the output's pixel), of the place within the window, and of the pixel.
 */
export function eachPixel(
  { size, strides, dilation = [1, 1] }: ImageWindow,
  { image: [height, width], extent: [rows, columns] }: { image: readonly number[]; extent: ImageExtent },
  use: (window: number, place: number, pixel: number) => void,
): void {
  for (let y = 0, window = 0; y < rows.outSteps; y++) {
    for (let x = 0; x < columns.outSteps; x++, window++) {
      for (let i = 0; i < size[0]; i++) {
        const row = y * strides[0] - rows.padLeft + i * dilation[0];
        if (row < 0 || row >= height) continue;
        for (let j = 0; j < size[1]; j++) {
          const column = x * strides[1] - columns.padLeft + j * dilation[1];
          if (column >= 0 && column < width) use(window, i * size[1] + j, row * width + column);
        }
      }
    }
  }
}
