"""Models, found and loaded."""
