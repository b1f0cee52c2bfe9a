"""A first suite by itself: from a model and a sample of rows to a file that passes as written."""
