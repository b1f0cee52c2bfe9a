"""Results into the outside world: each effect with a key, so that doing it twice is doing it once."""
