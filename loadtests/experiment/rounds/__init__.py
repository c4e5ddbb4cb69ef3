"""Blocks of rounds: which turn comes when, what came of it, how calm it was, and whether it is enough."""
