"""What a variant gets right and how long it takes, on rows that it has not seen."""
