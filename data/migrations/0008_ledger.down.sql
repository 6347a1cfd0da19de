-- Takes the ledger and its memory away; the findings of the last refresh stay.
DROP POLICY counted ON finding;
DROP TABLE coverage_day, proposal, task, ledger_filter, ledger_event, ledger, finding_building;
DROP FUNCTION keep_accepted(), settle_day(bigint, date, bigint[], text[], jsonb), covered(bigint, boolean), extent_of(geometry, integer), called(bigint), called(text), known_as(text), assignees();
CREATE OR REPLACE FUNCTION count_grid_findings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM grid_finding;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO grid_finding AS g (network_id, grid_code, block, blind, warn, hint)
        SELECT network_id, code, count(*) FILTER (WHERE severity = 'block'), count(*) FILTER (WHERE severity = 'blind'),
            count(*) FILTER (WHERE severity = 'warn'), count(*) FILTER (WHERE severity = 'hint')
        FROM new_rows CROSS JOIN unnest(grid_codes) AS code
        WHERE network_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (network_id, grid_code) DO UPDATE SET block = g.block + EXCLUDED.block,
            blind = g.blind + EXCLUDED.blind, warn = g.warn + EXCLUDED.warn, hint = g.hint + EXCLUDED.hint;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE grid_finding AS g SET block = g.block - gone.block, blind = g.blind - gone.blind,
            warn = g.warn - gone.warn, hint = g.hint - gone.hint
        FROM (SELECT network_id, code, count(*) FILTER (WHERE severity = 'block') AS block,
                count(*) FILTER (WHERE severity = 'blind') AS blind, count(*) FILTER (WHERE severity = 'warn') AS warn,
                count(*) FILTER (WHERE severity = 'hint') AS hint
            FROM old_rows CROSS JOIN unnest(grid_codes) AS code GROUP BY 1, 2) AS gone
        WHERE g.network_id = gone.network_id AND g.grid_code = gone.code;
        DELETE FROM grid_finding WHERE block = 0 AND blind = 0 AND warn = 0 AND hint = 0;
    ELSE
        INSERT INTO grid_finding AS g (network_id, grid_code, block, blind, warn, hint)
        SELECT network_id, code, coalesce(sum(n) FILTER (WHERE severity = 'block'), 0),
            coalesce(sum(n) FILTER (WHERE severity = 'blind'), 0), coalesce(sum(n) FILTER (WHERE severity = 'warn'), 0),
            coalesce(sum(n) FILTER (WHERE severity = 'hint'), 0)
        FROM (SELECT network_id, severity, grid_codes, 1 AS n FROM new_rows
            UNION ALL SELECT network_id, severity, grid_codes, -1 FROM old_rows) AS moved
        CROSS JOIN unnest(grid_codes) AS code
        WHERE network_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (network_id, grid_code) DO UPDATE SET block = g.block + EXCLUDED.block,
            blind = g.blind + EXCLUDED.blind, warn = g.warn + EXCLUDED.warn, hint = g.hint + EXCLUDED.hint;
        DELETE FROM grid_finding WHERE block = 0 AND blind = 0 AND warn = 0 AND hint = 0;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_grid_findings() IS 'Keeps grid_finding equal to a recount of finding.';
-- What was under an exception counts again.
UPDATE finding SET accepted = false WHERE accepted;
DROP INDEX finding_area, finding_grids, finding_nowhere;
ALTER TABLE finding DROP COLUMN key, DROP COLUMN accepted;
DELETE FROM grid_finding;
INSERT INTO grid_finding (network_id, grid_code, block, blind, warn, hint)
SELECT network_id, code, count(*) FILTER (WHERE severity = 'block'), count(*) FILTER (WHERE severity = 'blind'),
    count(*) FILTER (WHERE severity = 'warn'), count(*) FILTER (WHERE severity = 'hint')
FROM finding CROSS JOIN unnest(grid_codes) AS code WHERE network_id IS NOT NULL GROUP BY 1, 2;
COMMENT ON TABLE grid_finding IS 'Findings that name each grid, counted by severity; kept by triggers on finding.';
COMMENT ON TABLE finding IS 'What the rules found at the last refresh; the ledger that keeps their memory comes with the coverage ledger.';
