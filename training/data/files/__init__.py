"""Where data come from: what everybody knows, and the files that people bring, each as `RawData`."""
