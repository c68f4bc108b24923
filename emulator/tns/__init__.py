"""Oracle Net packets: bytes in, packets out, and back. Pure: no sockets."""
