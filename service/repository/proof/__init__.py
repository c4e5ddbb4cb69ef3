"""What must be known of a bundle here: that it can be trusted, and how far its answers are those of old."""
