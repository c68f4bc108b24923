"""Tells Prometheus how the fleet is: the figures of `adgfleet status`, and the CPU time of every database."""
