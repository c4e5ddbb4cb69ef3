"""Trains a classifier, exports it at every precision, scores each one, and publishes the bundle."""
