"""What an operator sees: metrics and the access log."""
