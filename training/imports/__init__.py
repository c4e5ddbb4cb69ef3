"""Opens models that others made, and turns them into what the exporters can work on."""
