-- Embeds one picture, on a standby only; no row: it is gone, or the database is no standby any more.
SELECT VECTOR_EMBEDDING({image_model} USING p.img AS data)
FROM pictures p
WHERE p.id = :id AND p.img IS NOT NULL AND SYS_CONTEXT('USERENV', 'DATABASE_ROLE') IN ('PHYSICAL STANDBY', 'TRUE CACHE')
