"""Compares the service with the least there can be, with the bare interpreter, and with other servers."""
