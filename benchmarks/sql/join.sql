-- Each request with what was known of its network, address and user when its day began.
COPY (
  SELECT
    r.event_id AS session_id,
    r.number__v1 AS number,
    r.bytes__v1 AS bytes,
    $columns
  FROM read_parquet('$requests') AS r
  $joins
) TO '$out' (FORMAT parquet, COMPRESSION zstd);
