"""Runs ONNX's checker with shape inference on files."""
import sys

import onnx

for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
print(f"{len(sys.argv) - 1} graphs pass")
