"""The comparisons that the benchmark consists of, one a file."""
