"""Which models, versions and variants are served, and what a request means by them."""
