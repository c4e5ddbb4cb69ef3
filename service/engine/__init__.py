"""From rows to probabilities: who may wait, what is batched, and where it runs."""
