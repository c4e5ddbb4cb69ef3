"""The formats of bodies: what a request says in bytes, and how an answer is written in them."""
