"""What a run is told in: a page, plain data, Markdown, tables, samples, and the pictures in them."""
