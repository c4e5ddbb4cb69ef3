"""The report as one HTML page that needs no network: its template, its pictures, and what fills them in."""
