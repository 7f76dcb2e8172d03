SELECT
  features.day,
  features.session,
  features.country__v1,
  features.is_odd__v1,
  labels.majority__v1
FROM READ_PARQUET(
  'lake/families/request/day=*/data.parquet',
  hive_partitioning := TRUE
) AS features
JOIN READ_PARQUET(
  'lake/label_sets/fraud/day=*/data.parquet',
  hive_partitioning := TRUE
) AS labels
  ON labels.day = features.day AND labels.session = features.session
WHERE
  features.day BETWEEN CAST('2024-03-10' AS DATE) AND CAST('2024-03-11' AS DATE)
  AND labels.day BETWEEN CAST('2024-03-10' AS DATE) AND CAST('2024-03-11' AS DATE)
  AND NOT labels.majority__v1 IS NULL
ORDER BY
  features.day,
  features.session
