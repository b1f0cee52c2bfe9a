"""What was measured before, kept in ``.modelqa/cache``: entries, and what their keys are made of."""
