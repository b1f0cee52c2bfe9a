"""`modelqa watch`: what arrives is judged once, kept with all that follows from it, and told."""
