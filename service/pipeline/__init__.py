"""The way of a request: ask, find, admit, decode, run, encode, whoever brought it and in what format."""
