"""Export: networks to ONNX files and bundles."""
