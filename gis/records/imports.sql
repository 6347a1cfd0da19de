-- name: imports
-- imports, newest first
SELECT id, dataset, network_code, filename, layer, sha256, fingerprint, encoding, datum, datum_evidence, mapping,
       rows_read, rows_inserted, rows_updated, rows_unchanged, rows_repaired, rows_rejected, rejects_file,
       actor, created_at
FROM atlas.import
WHERE %(id)s::bigint IS NULL OR id = %(id)s
ORDER BY id DESC
LIMIT %(limit)s;

-- name: same_file
-- the latest import of the same bytes read the same way
SELECT id FROM atlas.import
WHERE sha256 = %(sha256)s AND fingerprint = %(fingerprint)s
  AND network_code IS NOT DISTINCT FROM %(network)s::text
ORDER BY id DESC
LIMIT 1;

-- name: add
-- a new import; gives its number
INSERT INTO atlas.import
    (dataset, network_code, filename, layer, sha256, fingerprint, encoding, datum, datum_evidence, mapping,
     rows_read, rows_inserted, rows_updated, rows_unchanged, rows_repaired, rows_rejected, rejects_file)
VALUES (%(dataset)s, %(network_code)s, %(filename)s, %(layer)s, %(sha256)s, %(fingerprint)s, %(encoding)s,
        %(datum)s, %(datum_evidence)s, %(mapping)s, %(rows_read)s, %(rows_inserted)s, %(rows_updated)s,
        %(rows_unchanged)s, %(rows_repaired)s, %(rows_rejected)s, %(rejects_file)s)
RETURNING id;

-- name: audit!
-- who took in what
INSERT INTO atlas.audit (action, relation, subject, after, reason)
VALUES ('import', %(relation)s, %(subject)s, %(after)s, %(reason)s);
