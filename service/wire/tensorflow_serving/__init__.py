"""TensorFlow Serving's REST protocol, which KServe calls v1."""
