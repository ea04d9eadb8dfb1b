"""Runs the models of devices.ts in tflite-micro, asks it for its arena, and has Arm's Vela compile them."""

import re
import subprocess
import sys

import numpy as np
from checks import cases, check

FLOAT_LIMIT = 1e-5
# Steps of the output; the integer LSTM's kernels round one more time than those of TFLite 2.9.
INT8_LIMIT, INT8_LSTM_LIMIT = 1, 2
# Of the whole arena: the structures' share is an estimate from above.
ARENA_EXCESS_LIMIT = 20
# The allocator prints to the process' own output, so it runs in a process of its own.
ARENA = """
import sys, numpy, tflite_micro
interpreter = tflite_micro.runtime.Interpreter.from_file(sys.argv[1])
details = interpreter.get_input_details(0)
interpreter.set_input(numpy.zeros(details["shape"], details["dtype"]), 0)
interpreter.invoke()
interpreter.print_allocations()
"""
folder, given = cases()


def scale_of(details):
    parameters = details["quantization_parameters"]
    return (parameters["scales"][0], parameters["zero_points"][0]) if len(parameters["scales"]) else None


def run_micro(case):
    path = str(folder / f"{case['file']}.tflite")
    interpreter = tflite_micro.runtime.Interpreter.from_file(path)
    source, target = interpreter.get_input_details(0), interpreter.get_output_details(0)
    floats = lambda name: np.fromfile(folder / f"{case['file']}.{name}.f32", dtype=np.float32)
    windows, outputs = floats("windows").reshape(-1, *source["shape"]), []
    for window in windows:
        interpreter.reset()
        if scale_of(source):
            scale, zero_point = scale_of(source)
            real = window / np.float32(scale)
            rounded = np.sign(real) * np.floor(np.abs(real) + 0.5) + zero_point
            window = np.clip(rounded, -128, 127).astype(np.int8)
        interpreter.set_input(window, 0)
        interpreter.invoke()
        output = interpreter.get_output(0)[0].astype(np.float64)
        if scale_of(target):
            output = (output - scale_of(target)[1]) * scale_of(target)[0]
        outputs.append(output)
    outputs, expected = np.stack(outputs), floats("outputs").reshape(len(windows), -1)
    error = np.abs(outputs - expected).max()
    if scale_of(target):
        limit = INT8_LSTM_LIMIT if case["recurrent"] else INT8_LIMIT
        check(f"{case['file']} in tflite-micro", "max error, steps", np.round(error / scale_of(target)[0], 6), limit)
    else:
        check(f"{case['file']} in tflite-micro", "max error", error, FLOAT_LIMIT)
    run = subprocess.run([sys.executable, "-c", ARENA, path], capture_output=True, text=True, check=True)
    arena = dict(re.findall(r"Arena allocation (\w+) (\d+) bytes", run.stdout + run.stderr))
    planned, total = int(arena["head"]), int(arena["total"])
    check(f"{case['file']} in tflite-micro", "arena, bytes", total)
    check(f"{case['file']} in tflite-micro", "planned bytes beside the estimate", abs(planned - case["arena"]["planned"]), 0)
    check(f"{case['file']} in tflite-micro", "arena bytes above the estimate", max(0, total - case["arena"]["total"]), 0)
    excess = 100 * (case["arena"]["total"] / total - 1)
    check(f"{case['file']} in tflite-micro", "estimate above the arena, %", round(excess, 2), ARENA_EXCESS_LIMIT)


def run_vela(case):
    command = [sys.executable, "-m", "ethosu.vela", "--accelerator-config", "ethos-u55-128", "--output-dir", str(folder)]
    run = subprocess.run([*command, str(folder / f"{case['file']}.tflite")], capture_output=True, text=True, check=True)
    left = len(re.findall(r"Warning \(supported operators\) operator: (\w+), ofm:", run.stdout + run.stderr))
    check(f"{case['file']} through Vela", "operators left to the processor", left)
    check(f"{case['file']} through Vela", "difference from the table", abs(left - case["velaCpu"]), 0)


try:
    import tflite_micro
except ImportError:
    # It has packages for Linux on x86-64 and Python up to 3.11 only.
    tflite_micro = None
check("tflite-micro", "has a package for this Python (1: yes)", int(tflite_micro is not None))
for case in given:
    if tflite_micro is not None:
        run_micro(case)
    if case["velaCpu"] is not None:
        run_vela(case)
