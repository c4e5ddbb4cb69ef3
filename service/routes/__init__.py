"""The addresses of the service: each parses, asks the engine or the registry, and formats."""
