"""What a run did, as one file: read from Redis and a database, drawn as HTML or PNG."""
