/** OpenBLAS through its C interface, on one thread: what a processor's own instructions reach. */

/** C[m][n] = A[m][k] B[k][n], or with `transposeB` C[m][n] = A[m][k] B[n][k]'; all contiguous, row by row. */
export interface MatrixProduct {
  m: number;
  n: number;
  k: number;
  transposeB: boolean;
}

/** An OpenBLAS that was opened. */
export interface OpenBlas {
  /** Its version and the kernels that it chose for this processor. */
  description: string;
  /** @returns A function that computes the product of matrices of its own. */
  product(sizes: MatrixProduct): () => void;
}

const ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112;
/** How builds name their functions: Debian's, and those in the wheels of NumPy and SciPy, whose integers have 64 bits. */
const BUILDS = [
  { prefix: "", suffix: "", int: "i32" },
  { prefix: "", suffix: "64_", int: "i64" },
  { prefix: "scipy_", suffix: "", int: "i32" },
  { prefix: "scipy_", suffix: "64_", int: "i64" },
] as const;

/** Where packages put the library. */
const PLACES = [
  "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
  "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
  "/usr/lib/x86_64-linux-gnu/libopenblas.so.0",
  "/usr/lib/aarch64-linux-gnu/libopenblas.so.0",
  "/usr/lib64/libopenblas.so.0",
  "/usr/lib/libopenblas.so",
  "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
  "/usr/local/opt/openblas/lib/libopenblas.dylib",
];

/** @returns The path of an installed OpenBLAS. */
export function findOpenBlas(): string | undefined {
  return PLACES.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Loads OpenBLAS and keeps it to one thread. Needs ffi permission for the path.
 *
 * @throws Error When the library cannot be loaded or is no OpenBLAS.
 */
export function openBlas(path: string): OpenBlas {
  const failures: string[] = [];
  for (const build of BUILDS) {
    try {
      return openBuild(path, build);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(`Cannot load OpenBLAS from ${path}: ${failures[0]}`);
}

function openBuild(path: string, { prefix, suffix, int }: typeof BUILDS[number]): OpenBlas {
  const name = (symbol: string) => `${prefix}${symbol}${suffix}`;
  const { symbols } = Deno.dlopen(path, {
    multiply: {
      name: name("cblas_sgemm"),
      parameters: [
        ...["i32", "i32", "i32"] as const,
        ...[int, int, int] as const,
        ...["f32", "buffer", int, "buffer", int, "f32", "buffer", int] as const,
      ],
      result: "void",
    },
    setThreads: { name: name("openblas_set_num_threads"), parameters: ["i32"], result: "void" },
    configuration: { name: name("openblas_get_config"), parameters: [], result: "pointer" },
    processor: { name: name("openblas_get_corename"), parameters: [], result: "pointer" },
    // Of the C library, which comes along; Deno reads text behind a pointer only for who may open every library.
    copyText: { name: "strncpy", parameters: ["buffer", "pointer", "usize"], result: "pointer" },
  });
  const { multiply, setThreads, configuration, processor, copyText } = symbols;
  const size = (value: number) => int === "i64" ? BigInt(value) : value;
  const textAt = (pointer: Deno.PointerValue) => {
    const bytes = new Uint8Array(64);
    copyText(bytes, pointer, BigInt(bytes.length));
    return new TextDecoder().decode(bytes).replace(/\0.*$/, "");
  };
  setThreads(1);
  const [title, version] = textAt(configuration()).split(" ");
  return {
    description: `${title} ${version}, ${textAt(processor())}`,
    product({ m, n, k, transposeB }) {
      const a = new Float32Array(m * k).fill(0.5), b = new Float32Array(k * n).fill(0.25);
      const c = new Float32Array(m * n), columnsOfB = size(transposeB ? k : n);
      const [rows, columns, depth] = [m, n, k].map(size);
      const orderB = transposeB ? TRANSPOSED : AS_IT_IS;
      return () =>
        // deno-lint-ignore no-explicit-any -- Which integers the function takes is known at run time only.
        (multiply as any)(
          ...[ROW_MAJOR, AS_IT_IS, orderB, rows, columns, depth, 1, a, depth, b, columnsOfB, 0, c, columns],
        );
    },
  };
}
