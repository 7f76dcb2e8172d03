WITH merged AS (
  SELECT
    shop,
    MAX(max_amount_d2c08f) AS max_amount_c83e5b__
  FROM READ_PARQUET(
    'lake/states/till/order/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS states
  WHERE
    day = CAST('2024-03-14' AS DATE)
  GROUP BY
    shop
), stored AS (
  SELECT
    shop,
    oddness__v1,
    orders__v1
  FROM READ_PARQUET(
    'lake/families/till/daily/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS earlier
  WHERE
    day = CAST('2024-03-14' AS DATE)
), joined AS (
  SELECT
    stored.*,
    merged.max_amount_c83e5b__
  FROM stored
  LEFT JOIN merged
    ON merged.shop = stored.shop
), step_3 AS (
  SELECT
    *,
    COALESCE(max_amount_c83e5b__, oddness__v1) AS largest__v1,
    oddness__v1 > CAST(orders__v1 AS DOUBLE) AS is_odd__v1
  FROM joined
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  shop,
  largest__v1,
  is_odd__v1
FROM step_3
ORDER BY
  shop
