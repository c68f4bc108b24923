"""What the demo shows and the local stack it runs on."""
