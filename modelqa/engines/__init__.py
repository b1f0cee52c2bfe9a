"""Data, opened: where rows and columns come from."""
