-- The engine reads each line as one JSON value; all paths are extracted in one call, then typed.
COPY (
  SELECT
    id AS event_id,
    published::TIMESTAMP AS event_time,
    $columns
  FROM (
    SELECT
      json ->> '/uuid' AS id,
      json ->> '/published' AS published,
      json ->> '/eventType' AS event_type,
      json_extract_string(json, [$paths]) AS parsed
    FROM read_ndjson_objects('$file')
  )
  WHERE event_type = 'user.session.start'
) TO '$out' (FORMAT parquet, COMPRESSION zstd);
