-- What an analyst writes for one day of one window: a GROUP BY over the events of its days.
COPY (
  SELECT
    number__v1 AS network_number,
    $columns
  FROM read_parquet([$files])
  WHERE number__v1 IS NOT NULL
  GROUP BY number__v1
) TO '$out' (FORMAT parquet, COMPRESSION zstd);
