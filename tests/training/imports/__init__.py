"""Tests of what opens models that others made."""
