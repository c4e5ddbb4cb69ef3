"""Other ways of choosing a variant beside ours, on the same arrivals: `python -m benchmarks.policies`."""
