"""Other model servers beside ours, compared by the load tester itself: `python -m benchmarks.systems`."""
