"""Runs graphs.json through LiteRT's reference kernels: the Python half of reference_kernels_golden.ts.

Requires: pip install ai-edge-litert==2.3.0 numpy==2.4.6
"""

import base64
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def run(graph):
    interpreter = Interpreter(
        model_content=base64.b64decode(graph["model"]),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    outputs = []
    for inputs in graph["inputs"]:
        interpreter.reset_all_variables()
        for detail, values in zip(interpreter.get_input_details(), inputs):
            elements = np.frombuffer(base64.b64decode(values), detail["dtype"])
            interpreter.set_tensor(detail["index"], elements.reshape(detail["shape"]))
        interpreter.invoke()
        tensors = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
        outputs.append([base64.b64encode(tensor.tobytes()).decode() for tensor in tensors])
    return {**graph, "outputs": outputs}


def main():
    work = Path(sys.argv[1])
    golden = {
        "made": "tasks/parity/reference_kernels_golden.ts, ai-edge-litert "
        f"{version('ai-edge-litert')} (OpResolverType.BUILTIN_REF), numpy {np.__version__}",
        "graphs": [run(graph) for graph in json.loads((work / "graphs.json").read_text())],
    }
    (work / "golden.json").write_text(json.dumps(golden, separators=(",", ":")))


if __name__ == "__main__":
    main()
