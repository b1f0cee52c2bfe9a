"""A suite into a result: plan, open, execute."""
