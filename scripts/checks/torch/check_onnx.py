"""ONNX's own checker, shape inference included, over the files that are given."""
import sys

import onnx

for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
print(f"{len(sys.argv) - 1} graphs pass")
