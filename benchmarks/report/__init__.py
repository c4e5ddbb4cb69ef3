"""What a run came to: figures, each with what it should be, and the files that hold all of it."""
