"""The load generator: what sends requests, in a closed or an open loop, and the process it runs in."""
