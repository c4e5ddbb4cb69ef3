"""Cascades against single rungs: as accurate as the reference, with how many times the rows a core-second."""
