"""How the generator speaks to a service: bytes out, an answer in, and what that answer is worth."""
