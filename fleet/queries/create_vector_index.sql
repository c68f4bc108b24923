-- Partitions around centroids (IVF): kept in tables, so redo brings it to the standbys; the metric is the searches'.
CREATE VECTOR INDEX picture_embeddings_iv ON picture_embeddings (embedding)
ORGANIZATION NEIGHBOR PARTITIONS DISTANCE COSINE
