WITH events AS (
  SELECT
    session__v1 AS session,
    event_time,
    event_id,
    source_file,
    source_line,
    shop__v1 AS event__shop__v1,
    country__v1 AS event__country__v1,
    amount__v1 AS event__amount__v1
  FROM READ_PARQUET(
    'lake/events/order/day=*/data.parquet',
    hive_partitioning := TRUE
  ) AS events
  WHERE
    day = CAST('2024-03-14' AS DATE)
), rows AS (
  SELECT
    *
  FROM events
  WHERE
    NOT session IS NULL
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY session ORDER BY event_time, event_id, source_file, source_line) = 1
), step_2 AS (
  SELECT
    *,
    event__shop__v1 AS shop__v1,
    event__country__v1 AS country__v1,
    event__amount__v1 AS amount__v1
  FROM rows
), with_joins AS (
  SELECT
    step_2.*,
    CASE
      WHEN their_shop_stats_weekly.shop IS NULL
      THEN 0
      ELSE their_shop_stats_weekly.orders__v1
    END AS shop_stats_weekly_orders__v1,
    their_shop_stats_weekly.refunds__v1 AS shop_stats_weekly_refunds__v1,
    CASE
      WHEN their_shop_stats_weekly.shop IS NULL
      THEN 0
      ELSE their_shop_stats_weekly.countries__v1
    END AS shop_stats_weekly_countries__v1,
    their_shop_stats_weekly.spent__v1 AS shop_stats_weekly_spent__v1,
    their_shop_stats_weekly.spread__v1 AS shop_stats_weekly_spread__v1,
    their_shop_stats_weekly.last_country__v1 AS shop_stats_weekly_last_country__v1,
    their_shop_stats_weekly.refund_rate__v1 AS shop_stats_weekly_refund_rate__v1,
    their_countries.risk AS countries_risk__v1
  FROM step_2
  LEFT JOIN (
    SELECT
      shop,
      orders__v1,
      refunds__v1,
      countries__v1,
      spent__v1,
      spread__v1,
      last_country__v1,
      refund_rate__v1
    FROM READ_PARQUET(
      'lake/families/shop_stats/weekly_by_day/day=*/data.parquet',
      hive_partitioning := TRUE
    ) AS other
    WHERE
      day = CAST('2024-03-13' AS DATE)
  ) AS their_shop_stats_weekly
    ON step_2.shop__v1 = their_shop_stats_weekly.shop
  LEFT JOIN (
    SELECT
      code,
      risk
    FROM READ_PARQUET(
      'lake/tables/countries/data.parquet',
      hive_partitioning := TRUE
    ) AS r
  ) AS their_countries
    ON step_2.country__v1 = their_countries.code
), step_4 AS (
  SELECT
    *,
    shop_stats_weekly_refund_rate__v1 > 0.5e0 AS is_odd__v1
  FROM with_joins
)
SELECT
  CAST('2024-03-14' AS DATE) AS day,
  session,
  event_time,
  event_id,
  shop__v1,
  country__v1,
  amount__v1,
  shop_stats_weekly_orders__v1,
  shop_stats_weekly_refunds__v1,
  shop_stats_weekly_countries__v1,
  shop_stats_weekly_spent__v1,
  shop_stats_weekly_spread__v1,
  shop_stats_weekly_last_country__v1,
  shop_stats_weekly_refund_rate__v1,
  countries_risk__v1,
  is_odd__v1
FROM step_4
ORDER BY
  session
