"""The report as one HTML page that needs no network: its template, its tables, and what fills them in."""
