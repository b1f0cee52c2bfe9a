"""Results told: pure functions of a result."""
