"""Asks tflite-micro how much of its arena each model takes, and Arm's Vela which operators it leaves to the processor.

  python tasks/parity/devices_golden.py ../shared/fixtures/tflite/*.tflite > pipeline/lib/devices/testdata/devices.json

Requires: tflite-micro==0.dev20261023182759, ethos-u-vela==5.2.0
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ARENA = """
import sys, numpy, tflite_micro
interpreter = tflite_micro.runtime.Interpreter.from_file(sys.argv[1])
details = interpreter.get_input_details(0)
interpreter.set_input(numpy.zeros(details["shape"], details["dtype"]), 0)
interpreter.invoke()
interpreter.print_allocations()
"""


def arena(path):
    """The allocator prints to the process' own output, so it runs in one of its own."""
    run = subprocess.run([sys.executable, "-c", ARENA, path], capture_output=True, text=True)
    parts = dict(re.findall(r"Arena allocation (\w+) (\d+) bytes", run.stdout + run.stderr))
    return {"planned": int(parts["head"]), "total": int(parts["total"])} if parts else None


def vela(path):
    with tempfile.TemporaryDirectory() as folder:
        command = ["vela", "--accelerator-config", "ethos-u55-128", "--output-dir", folder, path]
        run = subprocess.run(command, capture_output=True, text=True)
    text = run.stdout + run.stderr
    return sorted(re.findall(r"Warning \(supported operators\) operator: (\w+), ofm:", text)) if run.returncode == 0 else None


os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
print(json.dumps({
    "made_by": "tasks/parity/devices_golden.py, tflite-micro 0.dev20261023182759, Vela 5.2.0 for ethos-u55-128",
    "models": {os.path.basename(path): {"arena": arena(path), "velaCpu": vela(path)} for path in sys.argv[1:]},
}, indent=1))
