"""The kernel that producer, workers, loader and search share."""
