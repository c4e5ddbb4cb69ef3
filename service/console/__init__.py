"""The console: one page that shows what the service does, and the figures that its script asks for."""
