SELECT
  day,
  shop,
  orders__v1 AS orders,
  refunds__v1 AS refunds,
  countries__v1 AS countries,
  spent__v1 AS spent,
  spread__v1 AS spread,
  last_country__v1 AS last_country,
  refund_rate__v1 AS refund_rate,
  orders__v1,
  refunds__v1,
  countries__v1,
  spent__v1,
  spread__v1,
  last_country__v1,
  refund_rate__v1,
  window_start,
  window_end,
  window_complete
FROM READ_PARQUET(
  'lake/families/shop_stats/weekly_by_day/day=*/data.parquet',
  hive_partitioning := TRUE
) AS stored
WHERE
  day = CAST('2024-03-14' AS DATE)
ORDER BY
  day,
  shop
