"""What may be looked at more than once, and how much each look may err."""
