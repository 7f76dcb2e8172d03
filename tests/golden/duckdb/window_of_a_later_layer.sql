WITH merged AS (
  SELECT
    shop,
    CASE
      WHEN ISFINITE(FSUM(sum_amount_sum_b73633))
      THEN FSUM(sum_amount_sum_b73633)
    END AS sum_amount_b73633__,
    NOT FSUM(sum_amount_sum_b73633) IS NULL AS sum_amount_b73633__known
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
    merged.sum_amount_b73633__,
    merged.sum_amount_b73633__known
  FROM stored
  LEFT JOIN merged
    ON merged.shop = stored.shop
), step_3 AS (
  SELECT
    *,
    CASE
      WHEN ISFINITE(sum_amount_b73633__ / oddness__v1)
      THEN sum_amount_b73633__ / oddness__v1
    END AS spent__v1,
    CASE
      WHEN ISFINITE(oddness__v1 + CAST(orders__v1 AS DOUBLE))
      THEN oddness__v1 + CAST(orders__v1 AS DOUBLE)
    END AS rank__v1
  FROM joined
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  shop,
  spent__v1,
  rank__v1,
  NOT oddness__v1 IS NULL AND NOT orders__v1 IS NULL AND rank__v1 IS NULL AS lost__rank__v1,
  (
    sum_amount_b73633__known AND sum_amount_b73633__ IS NULL
  )
  OR (
    NOT sum_amount_b73633__ IS NULL AND NOT oddness__v1 IS NULL AND spent__v1 IS NULL
  ) AS lost__spent__v1
FROM step_3
ORDER BY
  shop
