"""The search for a model that is as accurate and as fast as demanded."""
