"""Serves every variant of every model behind one HTTP address."""
