import { testTfjsEngine } from "./test_tfjs_engine.ts";
import { findTfjsNodeAddon, loadTfjsNode } from "./tfjs_packages.ts";

testTfjsEngine({ name: "tfjs-node", isInstalled: findTfjsNodeAddon() !== undefined, load: loadTfjsNode });
