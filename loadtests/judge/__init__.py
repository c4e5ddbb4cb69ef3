"""From figures to findings: which variant of a run to ship, and what changed from one run to another."""
