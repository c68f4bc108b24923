"""Plans ranges of pending pictures and enqueues them."""
