"""How peers are told to gather requests: it is in the catalogue, and they read it in their environments."""

BATCH = 32
"""The most requests that a peer is told to put into one batch: as many as there are connections."""

WAIT_S = 0.001
"""How long a batch may wait for more, where a peer can be told."""
