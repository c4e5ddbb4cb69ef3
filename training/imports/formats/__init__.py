"""One file a format of models: each opens a model, and writes what the exporters can work on."""
