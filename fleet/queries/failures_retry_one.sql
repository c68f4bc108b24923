-- Makes one failed picture pending again.
UPDATE embedding_failures SET failed_at = NULL WHERE failed_at IS NOT NULL AND id = :id
