"""What a run is told in: tables, pictures, and figures for programs."""
