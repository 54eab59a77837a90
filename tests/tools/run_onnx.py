#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks an ONNX file with onnx and runs it with ONNX Runtime.

usage: run_onnx.py MODEL.onnx INPUT.f32      prints the logits, one a line
"""
import sys

import numpy
import onnx
import onnxruntime


def main() -> None:
    path, raw = sys.argv[1:]
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    image, = session.get_inputs()
    x = numpy.fromfile(raw, "<f4").reshape(-1, *image.shape[1:])
    logits, = session.run(None, {"input": x})
    print(*logits.ravel().tolist(), sep="\n")


if __name__ == "__main__":
    main()
