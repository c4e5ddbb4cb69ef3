"""The peak: rates that are tried, the search that says which, and the order in which variants search."""
