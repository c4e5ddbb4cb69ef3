"""The architectures, and how they are fitted."""
