"""The system under test: the service as a process, and what it says of itself when asked."""
