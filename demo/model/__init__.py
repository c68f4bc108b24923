"""The tiny two-tower picture/text model of the demo: two ONNX files, how they were trained, how good they are."""
