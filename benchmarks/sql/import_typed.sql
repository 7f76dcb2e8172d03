-- The engine's reader is told the columns and their types, and fills structs while it parses.
COPY (
  SELECT
    uuid AS event_id,
    published::TIMESTAMP AS event_time,
    $columns
  FROM read_ndjson('$file', columns = {$types})
  WHERE eventType = 'user.session.start'
) TO '$out' (FORMAT parquet, COMPRESSION zstd);
