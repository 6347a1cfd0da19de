-- name: patience
-- wait so long for a lock and as long as needed for the rows, until the transaction ends
SELECT set_config('lock_timeout', %(lock)s, true), set_config('statement_timeout', '0', true);

-- name: outside
-- whether there are areas and no staged geometry touches the box of any
SELECT EXISTS (SELECT FROM atlas.area)
   AND EXISTS (SELECT FROM pg_temp.incoming WHERE geom IS NOT NULL)
   AND NOT EXISTS (SELECT FROM pg_temp.incoming i JOIN atlas.area a ON a.geom && i.geom);
