"""From raw samples to figures: recorded, summarised, and checked."""
