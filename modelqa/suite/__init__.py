"""Text into a suite: read, located, checked, before anything is opened."""
