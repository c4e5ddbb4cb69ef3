"""Mixed precision to a budget of accuracy: which operations of a graph have few bits, and which keep more."""
