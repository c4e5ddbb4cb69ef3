"""Compares the service, the load generator and the training with what people would use instead."""
