"""The rig that measurements stand on: child processes, cores, clocks, and how all of it is ended."""
