"""How long a test waits for what must come about: no bound of a test may be what a busy machine misses."""

PATIENCE_S = 240.0
