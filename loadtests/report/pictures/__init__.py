"""The drawings of a report, as SVG: the same strokes within the page and in files beside it."""
