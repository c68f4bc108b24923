"""TTC, the calls inside Oracle Net's data packets: bytes in, messages out, and back. Pure: no sockets."""
