"""modelqa: pytest for models."""
