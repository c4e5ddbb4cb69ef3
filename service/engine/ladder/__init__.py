"""The chooser of the service: a ladder of variants, down which it goes under load."""
