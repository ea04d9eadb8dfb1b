import { testTfjsEngine } from "./test_tfjs_engine.ts";
import { isTfjsWasmInstalled, loadTfjsWasm } from "./tfjs_packages.ts";

testTfjsEngine({ name: "tfjs-wasm", isInstalled: isTfjsWasmInstalled(), load: loadTfjsWasm });
