-- run this on a standby, not on the primary
EXECUTE process_embeddings(p_batch_size => 10, p_iterations => 100);
