"""Commands of `modelqa` that are more than a call: one a file, registered by `cli.py`."""
