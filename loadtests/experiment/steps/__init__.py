"""Loads of ever higher rates, the same for all variants: how they are sent, and what each came to."""
