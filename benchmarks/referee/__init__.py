"""A referee for our load tests: MLCommons' LoadGen looks for the peak of the same service."""
