SELECT
  CAST('2024-03-14' AS DATE) AS day,
  country__v1 AS country,
  shop__v1 AS value__,
  COUNT(*) AS times__
FROM READ_PARQUET(
  'lake/events/order/day=*/data.parquet',
  hive_partitioning := TRUE
) AS events
WHERE
  (
    day = CAST('2024-03-14' AS DATE) AND NOT is_refund__v1
  )
  AND NOT country__v1 IS NULL
  AND NOT shop__v1 IS NULL
GROUP BY
  2,
  3
ORDER BY
  HASH(country__v1),
  HASH(shop__v1)
