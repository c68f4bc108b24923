"""The tiny two-tower picture/text model of the demo: two ONNX files, how they were trained, how good they are."""

import os

# Before anything here imports onnxruntime: else it keeps a device id below the home directory and reports its use.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
