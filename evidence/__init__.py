"""How evidence is weighed: intervals, differences, ratios, fronts. It runs, reads and writes nothing."""
