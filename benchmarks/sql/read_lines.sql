-- Reads the lines and parses each as JSON, but extracts nothing.
COPY (
  SELECT count(*) AS events, sum(length(json)) AS characters
  FROM read_ndjson_objects('$file')
) TO '$out' (FORMAT parquet, COMPRESSION zstd);
