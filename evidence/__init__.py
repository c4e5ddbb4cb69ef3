"""How evidence is weighed: estimates, differences, ratios, fronts. It runs, reads and writes nothing."""
