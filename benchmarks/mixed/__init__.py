"""Our mixed rung against NNCF's accuracy control: of one float model, with one budget and the same rows.

`python -m benchmarks.mixed` is the program. `nncf` and `openvino` run in NNCF's own environment, which has
numpy and nothing else of what ours has; they are told by files and by lines, and never imported.
"""
