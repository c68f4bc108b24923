-- One picture's bytes.
SELECT img FROM pictures WHERE id = :id
