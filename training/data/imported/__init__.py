"""Data for a model that others made: rows of its shape, labels in its order, parts of which none trains."""
