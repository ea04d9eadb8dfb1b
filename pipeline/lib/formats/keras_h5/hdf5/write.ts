import * as h5wasm from "h5wasm";
import type { FloatDataset } from "./dataset.ts";

let filesWritten = 0;

/**
 * Writes an HDF5 file in the memory of the C library, compiled to WebAssembly, as old as `readSuperblock` reads it.
 *
 * @param fill Writes what the file holds; must not wait for anything.
 * @returns The file: the same content gives the same bytes.
 */
export async function writeHdf5(fill: (file: h5wasm.File) => void): Promise<Uint8Array> {
  await h5wasm.ready;
  const memory = h5wasm.FS!;
  const path = `/keras-${filesWritten++}.h5`;
  try {
    withStoppedClock(() => {
      const file = new h5wasm.File(path, "w", { libver: ["earliest", "v108"] });
      try {
        fill(file);
      } finally {
        file.close();
      }
    });
    return memory.readFile(path);
  } finally {
    if (memory.analyzePath(path, true).exists) memory.unlink(path);
  }
}

/**
 * Writes float32 arrays, and the groups that they lie in.
 *
 * @param datasets Each with its path below the group.
 */
export function writeDatasets(
  group: h5wasm.Group,
  datasets: Iterable<{ name: string } & FloatDataset>,
): void {
  const groups = new Map([["", group]]);
  for (const { name, shape, data } of datasets) {
    const segments = name.split("/");
    const last = segments.pop()!;
    let path = "", parent = group;
    for (const segment of segments) {
      path += `/${segment}`;
      parent = groups.get(path) ?? parent.create_group(segment);
      groups.set(path, parent);
    }
    parent.create_dataset({ name: last, data, shape, dtype: "<f" });
  }
}

/**
 * Runs with a clock that stands at 1970. The HDF5 library stamps each dataset with the time and h5wasm offers no
 * switch for it (h5py's track_times); `write` is synchronous, so nobody else sees the stopped clock.
 */
function withStoppedClock(write: () => void): void {
  const { now } = Date;
  Date.now = () => 0;
  try {
    write();
  } finally {
    Date.now = now;
  }
}
