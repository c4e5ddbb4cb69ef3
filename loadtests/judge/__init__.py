"""From figures to findings: what may be believed, how variants compare, and which one to ship."""
