"""Other servers of the same `.tflite` file, each as its own documentation says, in an environment of its own.

`catalog` describes them, and `pins` holds everything in those environments, with versions. The other files
run inside them, as `python -m benchmarks.peers.NAME DESCRIPTION PORT`, and depend on nothing of ours but
`classifier` and `batches`. DESCRIPTION is a JSON file with the path of the graph, the normaliser's numbers
and the labels; it stands in a folder where a peer may put files.
"""
