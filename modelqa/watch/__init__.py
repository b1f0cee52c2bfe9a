"""New batches in, tickets out: a watcher that loses nothing and never cries wolf."""
