"""One family of checks a file; each is a function that yields measurements."""
