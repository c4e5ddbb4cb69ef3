"""The load generator: the loops that send requests, Locust that runs them, and the process they run in."""
