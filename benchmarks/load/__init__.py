"""What a server is loaded with: one request, over and over, from a core of its own."""
